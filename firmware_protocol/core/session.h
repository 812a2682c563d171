/* Sequence numbers: which request is next, and what the earlier ones were answered. */
#ifndef LABRIG_SESSION_H
#define LABRIG_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "labrig_sizes.h"

enum labrig_order {
    LABRIG_ORDER_NEXT,    /* carry it out */
    LABRIG_ORDER_AGAIN,   /* carried out already: answer it again */
    LABRIG_ORDER_REFUSED, /* ahead, too old, or there is no session */
};

struct labrig_session {
    bool open;
    uint8_t expected;                           /* SEQ of the next request */
    uint8_t answered;                           /* requests before it whose outcome is known */
    uint8_t newest;                             /* slot of the newest kept reply */
    uint8_t outcomes[LABRIG_FRAMES_IN_FLIGHT];  /* by SEQ: the status, and whether data were kept */
    uint8_t kept[LABRIG_CREDIT][LABRIG_BODY_MAX]; /* bodies of the newest replies with data */
};

void labrig_session_open(struct labrig_session *session, uint8_t first_seq);

enum labrig_order labrig_session_order(const struct labrig_session *session, uint8_t seq);

/* Where the reply to the next request may be built; overwrites the oldest kept one. */
uint8_t *labrig_session_slot(struct labrig_session *session);

/* Remember what the expected request was answered; with data: in labrig_session_slot, sealed. */
void labrig_session_answered(struct labrig_session *session, uint8_t status, bool with_data);

/* The status that an earlier request was answered with, and whether the answer carried data. */
#define LABRIG_WITH_DATA 0x80u
uint8_t labrig_session_outcome(const struct labrig_session *session, uint8_t seq);

/* The kept body of an earlier answer; NULL: it was acknowledged by newer requests since. */
uint8_t *labrig_session_kept(struct labrig_session *session, uint8_t seq);

#endif
