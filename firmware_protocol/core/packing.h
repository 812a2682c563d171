/* Integers in a payload: little-endian fields, and codes packed LSB first without gaps. */
#ifndef LABRIG_PACKING_H
#define LABRIG_PACKING_H

#include <stdbool.h>
#include <stdint.h>

static inline uint16_t labrig_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | (uint16_t)((uint16_t)at[1] << 8));
}

static inline uint32_t labrig_get_u32(const uint8_t *at)
{
    return (uint32_t)labrig_get_u16(at) | (uint32_t)labrig_get_u16(at + 2) << 16;
}

static inline void labrig_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void labrig_put_u32(uint8_t *at, uint32_t value)
{
    labrig_put_u16(at, (uint16_t)value);
    labrig_put_u16(at + 2, (uint16_t)(value >> 16));
}

extern const uint8_t labrig_bit_masks[8]; /* 1 << k, looked up: a processor without a barrel shifter shifts bit by bit */

static inline bool labrig_bit(const uint8_t *bitmap, uint16_t index)
{
    return (bitmap[index >> 3] & labrig_bit_masks[index & 7u]) != 0;
}

/* How many of the first `count` bits are set; there are none behind them. */
uint16_t labrig_bits_set(const uint8_t *bitmap, uint16_t count);

/* Bytes that `count` values of `width` bits take. */
static inline uint32_t labrig_packed_size(uint16_t count, uint8_t width)
{
    return ((uint32_t)count * width + 7u) >> 3;
}

/* Whether a bitmap over `count` items has a bit set behind the last of them. */
static inline bool labrig_bits_beyond(const uint8_t *bitmap, uint16_t count)
{
    return (count & 7u) != 0 && (unsigned)bitmap[count >> 3] >> (count & 7u) != 0;
}

/* The `index`th of values of `width` (1 ... 24) bits. */
uint32_t labrig_unpack_any(const uint8_t *packed, uint16_t index, uint8_t width);

static inline uint32_t labrig_unpack(const uint8_t *packed, uint16_t index, uint8_t width)
{
    return width == 16 ? labrig_get_u16(packed + 2u * index) : labrig_unpack_any(packed, index, width);
}

/* The first `count` of values of `width` (1 ... 16) bits. */
void labrig_unpack_codes(const uint8_t *packed, uint8_t count, uint8_t width, uint16_t *codes);

/* Whether each of them lies from `least` to `most`. */
bool labrig_codes_within(const uint8_t *packed, uint8_t count, uint8_t width, uint16_t least, uint16_t most);

/* Write the `index`th of values of `width` (1 ... 24) bits; the bits must be zero before. What a chip gives beyond
 * `width` bits is dropped, so that it cannot spoil its neighbours. */
void labrig_pack(uint8_t *packed, uint16_t index, uint8_t width, uint32_t value);

#endif
