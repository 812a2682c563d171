/* The request that is carried out, and what it came to. */
#ifndef LABRIG_REQUEST_H
#define LABRIG_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

struct labrig_request {
    const uint8_t *payload;
    uint8_t length;
    uint8_t *reply;   /* where its reply's payload goes */
    uint8_t answered; /* bytes of it */
    uint8_t status;
    bool concluded; /* its reply can be sent */
    bool kept;      /* the reply lies in the session's slot, and is kept */
};

#endif
