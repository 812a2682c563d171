/* Consistent overhead byte stuffing (Cheshire and Baker, IEEE/ACM ToN 7, 159 (1999)), a byte at a time. */
#ifndef LABRIG_COBS_H
#define LABRIG_COBS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum labrig_cobs {
    LABRIG_COBS_NONE,   /* the byte was overhead */
    LABRIG_COBS_BYTE,   /* one byte of data came out */
    LABRIG_COBS_END,    /* the delimiter: what came out is complete */
    LABRIG_COBS_BROKEN, /* the delimiter within a block */
};

struct labrig_cobs_decoder {
    uint8_t left; /* bytes to come in this block */
    bool gap;     /* a zero stands between this block and the next */
};

enum labrig_cobs labrig_cobs_decode(struct labrig_cobs_decoder *decoder, uint8_t byte, uint8_t *out);

/* What is being sent. The bytes are handed out one by one, each in a few instructions, because an interrupt may ask for
 * them while others are due: while the data are on their way, the code of each block stands in place of the zero
 * before it. */
#define LABRIG_COBS_LONGEST 253u

struct labrig_cobs_encoder {
    uint8_t *data;
    uint8_t count;
    uint8_t at;
    uint8_t code; /* of the first block */
    uint8_t left; /* bytes to come in this block */
    volatile uint8_t phase;
};

/* Begin to encode at most LABRIG_COBS_LONGEST bytes. They are as they were once the last encoded byte has left, and
 * not to be used before. */
void labrig_cobs_begin(struct labrig_cobs_encoder *encoder, uint8_t *data, uint8_t count);

enum labrig_cobs_phase { LABRIG_COBS_DONE, LABRIG_COBS_FIRST, LABRIG_COBS_DATA, LABRIG_COBS_DELIMITER };

static inline uint8_t labrig_cobs_next_of_data(struct labrig_cobs_encoder *encoder)
{
    uint8_t *at = &encoder->data[encoder->at++];
    const uint8_t byte = *at;
    if (encoder->left == 0) {
        *at = 0;
        encoder->left = byte;
    }
    encoder->left--;
    if (encoder->at == encoder->count) {
        encoder->phase = LABRIG_COBS_DELIMITER;
    }
    return byte;
}

/* The next encoded byte, delimiter included. False: there is none left. */
static inline bool labrig_cobs_next(struct labrig_cobs_encoder *encoder, uint8_t *out)
{
    const uint8_t phase = encoder->phase;
    if (phase == LABRIG_COBS_DATA) {
        *out = labrig_cobs_next_of_data(encoder);
        return true;
    }
    if (phase == LABRIG_COBS_FIRST) {
        *out = encoder->code;
        encoder->left = (uint8_t)(encoder->code - 1u);
        encoder->phase = encoder->count != 0 ? LABRIG_COBS_DATA : LABRIG_COBS_DELIMITER;
        return true;
    }
    if (phase == LABRIG_COBS_DELIMITER) {
        *out = 0;
        encoder->phase = LABRIG_COBS_DONE;
        return true;
    }
    return false;
}

static inline bool labrig_cobs_busy(const struct labrig_cobs_encoder *encoder)
{
    const bool busy = encoder->phase != LABRIG_COBS_DONE;
    atomic_signal_fence(memory_order_acquire);
    return busy;
}

#endif
