/* Frames and packing once more, as PROTOCOL.md tells them, bit by bit and byte by byte: nothing of the core's. */
#ifndef PLAIN_H
#define PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAIN_FRAME_MAX 240u /* encoded, delimiter included */

uint16_t plain_crc16(const uint8_t *bytes, size_t count);

/* Undo COBS for a whole frame without its delimiter; SIZE_MAX: it is broken. `out` has room for `count` bytes. */
size_t plain_unstuff(const uint8_t *encoded, size_t count, uint8_t *out);

/* Whether a body is that of a good frame. */
bool plain_good(const uint8_t *body, size_t count);

/* A frame, stuffed and delimited; returns its size. */
size_t plain_encode(uint8_t type, uint8_t seq, uint8_t flags, const uint8_t *payload, uint8_t length, uint8_t *out);

/* `width` bits from bit `first` on. */
uint32_t plain_bits(const uint8_t *packed, size_t first, unsigned width);

static inline size_t plain_packed_size(size_t count, unsigned width)
{
    return (count * width + 7) / 8;
}

#endif
