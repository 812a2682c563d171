/* A frame's body: LEN TYPE SEQ FLAGS, the payload, CRC-16. Encoded bytes in, bodies out, and back. */
#ifndef LABRIG_FRAME_H
#define LABRIG_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "cobs.h"
#include "labrig_protocol.h"

#define LABRIG_BODY_MAX (LABRIG_HEADER_SIZE + LABRIG_MAX_PAYLOAD + LABRIG_CRC_SIZE)
_Static_assert(LABRIG_BODY_MAX <= LABRIG_COBS_LONGEST, "one code byte a frame");

enum labrig_received {
    LABRIG_RECEIVED_NOTHING,
    LABRIG_RECEIVED_FRAME,   /* `body` holds a good frame */
    LABRIG_RECEIVED_DAMAGED, /* something ended that is no frame */
};

struct labrig_receiver {
    struct labrig_cobs_decoder decoder;
    uint16_t crc;
    uint8_t count;
    bool oversize;
    uint8_t *body; /* LABRIG_BODY_MAX bytes */
};

/* Forget what has arrived of a frame; the next goes to `body`. */
void labrig_receiver_begin(struct labrig_receiver *receiver, uint8_t *body);

/* Whether nothing of a frame has arrived. */
static inline bool labrig_receiver_idle(const struct labrig_receiver *receiver)
{
    return receiver->count == 0 && receiver->decoder.left == 0 && !receiver->decoder.gap;
}

static inline uint8_t labrig_frame_size(const uint8_t *body)
{
    return (uint8_t)(LABRIG_HEADER_SIZE + body[LABRIG_HEADER_LEN_AT] + LABRIG_CRC_SIZE);
}

enum labrig_received labrig_receiver_byte(struct labrig_receiver *receiver, uint8_t byte);

/* Fill in the header and the CRC around a payload of `length` bytes; returns the size of the body. */
uint8_t labrig_frame_seal(uint8_t *body, uint8_t length, uint8_t type, uint8_t seq, uint8_t flags);

#endif
