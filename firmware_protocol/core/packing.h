/* Integers in a payload: little-endian fields, and codes packed LSB first without gaps. What they lie in has fewer than
 * 65536 bits. */
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

void labrig_put_u32(uint8_t *at, uint32_t value);

/* The lowest bits, 1 ... 16 of them. */
uint16_t labrig_low_bits(uint8_t width);

/* The bit of an item in its byte of a bitmap. */
uint8_t labrig_bit_mask(uint8_t index);

/* Whether a bit of a bitmap is set. */
bool labrig_bit(const uint8_t *bitmap, uint16_t index);

/* How many bits of the first `bytes` are set. */
uint16_t labrig_bits_set(const uint8_t *bitmap, uint8_t bytes);

/* Once in the program, where that is smaller than in each place that calls it. */
#define LABRIG_ONCE __attribute__((noinline))

/* Bytes that `count` values of `width` bits take. */
uint16_t labrig_packed_size(uint16_t count, uint8_t width);

/* Bytes of a bitmap over `count` items. */
static inline uint8_t labrig_bitmap_size(uint16_t count)
{
    return (uint8_t)labrig_packed_size(count, 1);
}

/* Whether a bitmap over `count` items has a bit set behind the last of them. */
bool labrig_bits_beyond(const uint8_t *bitmap, uint16_t count);

/* `count` successive values of `width` (1 ... 16) bits, from the `index`th on. A target may have faster ones of these two
 * in place of the core's. */
void labrig_unpack_codes(const uint8_t *packed, uint16_t index, uint8_t count, uint8_t width, uint16_t *codes);

/* Whether each of the first `count` lies from `least` to `most`. */
bool labrig_codes_within(const uint8_t *packed, uint8_t count, uint8_t width, uint16_t least, uint16_t most);

/* The `index`th of values of `width` (1 ... 16) bits. */
uint16_t labrig_unpack(const uint8_t *packed, uint16_t index, uint8_t width);

/* Write the `index`th of values of `width` (1 ... 24) bits; the bits must be zero before. What a chip gives beyond
 * `width` bits is dropped, so that it cannot spoil its neighbours. */
void labrig_pack(uint8_t *packed, uint16_t index, uint8_t width, uint32_t value);

#endif
