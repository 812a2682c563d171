/* Consistent overhead byte stuffing (Cheshire and Baker, IEEE/ACM ToN 7, 159 (1999)), a byte at a time. */
#ifndef LABRIG_COBS_H
#define LABRIG_COBS_H

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

struct labrig_cobs_encoder {
    const uint8_t *data;
    uint16_t count;
    uint16_t at;
    uint8_t left;
    bool full; /* the block is 254 bytes long: no zero follows it */
    uint8_t phase;
};

/* Begin to encode; the data must stay as they are until the last byte has left. */
void labrig_cobs_begin(struct labrig_cobs_encoder *encoder, const uint8_t *data, uint16_t count);

/* The next encoded byte, delimiter included. False: there is none left. */
bool labrig_cobs_next(struct labrig_cobs_encoder *encoder, uint8_t *out);

static inline bool labrig_cobs_busy(const struct labrig_cobs_encoder *encoder)
{
    return encoder->phase != 0;
}

#endif
