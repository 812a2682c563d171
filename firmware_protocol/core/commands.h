/* What each request does. A handler returns a LABRIG_STATUS, writes its reply's payload, if any, to `reply`, and
 * sets `length`, which is 0 before. */
#ifndef LABRIG_COMMANDS_H
#define LABRIG_COMMANDS_H

#include <stdint.h>

#include "board.h"

struct labrig_request {
    const uint8_t *payload;
    uint8_t length;
    uint8_t *reply;
};

uint8_t labrig_ping(struct labrig_board *board, const struct labrig_request *request, uint8_t *length);
uint8_t labrig_write(struct labrig_board *board, const struct labrig_request *request);
uint8_t labrig_write_sparse(struct labrig_board *board, const struct labrig_request *request);
uint8_t labrig_apply(struct labrig_board *board, const struct labrig_request *request, uint8_t *length);
uint8_t labrig_digest(struct labrig_board *board, const struct labrig_request *request, uint8_t *length);
uint8_t labrig_read(struct labrig_board *board, const struct labrig_request *request, uint8_t *length);
uint8_t labrig_safe(struct labrig_board *board, const struct labrig_request *request);
uint8_t labrig_arm(struct labrig_board *board, const struct labrig_request *request);
uint8_t labrig_heartbeat(const struct labrig_request *request);

/* Requests outside a session. */
uint8_t labrig_hello(struct labrig_board *board, const struct labrig_request *request, uint8_t *length);
uint8_t labrig_identify(const struct labrig_board *board, const struct labrig_request *request, uint8_t *length);
uint8_t labrig_status(const struct labrig_board *board, const struct labrig_request *request, uint8_t *length);

#endif
