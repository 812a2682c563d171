#include "packing.h"

uint8_t labrig_bit_mask(uint8_t index)
{
    uint8_t mask = (index & 1u) != 0 ? 2u : 1u; /* a processor of 8 bits shifts by one at a time */
    if ((index & 2u) != 0) {
        mask = (uint8_t)(mask << 2);
    }
    if ((index & 4u) != 0) {
        mask = (uint8_t)(mask << 4);
    }
    return mask;
}

void labrig_put_u32(uint8_t *at, uint32_t value)
{
    labrig_put_u16(at, (uint16_t)value);
    labrig_put_u16(at + 2, (uint16_t)(value >> 16));
}

uint16_t labrig_low_bits(uint8_t width)
{
    return (uint16_t)(UINT16_MAX >> (16u - width));
}

uint16_t labrig_packed_size(uint16_t count, uint8_t width)
{
    return (uint16_t)((uint16_t)(count * width + 7u) >> 3);
}

bool labrig_bit(const uint8_t *bitmap, uint16_t index)
{
    return (bitmap[index >> 3] & labrig_bit_mask((uint8_t)index)) != 0;
}

uint16_t labrig_bits_set(const uint8_t *bitmap, uint8_t bytes)
{
    uint16_t set = 0;
    for (; bytes > 0; bytes--) {
        for (uint8_t rest = *bitmap++; rest != 0; rest = (uint8_t)(rest & (rest - 1u))) {
            set++;
        }
    }
    return set;
}

bool labrig_bits_beyond(const uint8_t *bitmap, uint16_t count)
{
    for (; (count & 7u) != 0; count++) {
        if (labrig_bit(bitmap, count)) {
            return true;
        }
    }
    return false;
}

__attribute__((weak)) void labrig_unpack_codes(const uint8_t *packed, uint16_t index, uint8_t count, uint8_t width,
                                               uint16_t *codes)
{
    for (uint16_t first = (uint16_t)(index * width); count > 0; count--, first = (uint16_t)(first + width)) {
        const uint8_t *at = packed + (first >> 3);
        const uint8_t shift = (uint8_t)(first & 7u);
        uint32_t bits = *at++;
        for (uint8_t have = 8; have < shift + width; have = (uint8_t)(have + 8u)) {
            bits |= (uint32_t)*at++ << have;
        }
        *codes++ = (uint16_t)((bits >> shift) & labrig_low_bits(width));
    }
}

uint16_t labrig_unpack(const uint8_t *packed, uint16_t index, uint8_t width)
{
    uint16_t code;
    labrig_unpack_codes(packed, index, 1, width, &code);
    return code;
}

__attribute__((weak)) bool labrig_codes_within(const uint8_t *packed, uint8_t count, uint8_t width, uint16_t least,
                                               uint16_t most)
{
    for (uint8_t k = 0; k < count; k++) {
        const uint16_t code = labrig_unpack(packed, k, width);
        if (code < least || code > most) {
            return false;
        }
    }
    return true;
}

void labrig_pack(uint8_t *packed, uint16_t index, uint8_t width, uint32_t value)
{
    const uint16_t first = (uint16_t)(index * width);
    uint8_t *at = packed + (first >> 3);
    uint8_t mask = labrig_bit_mask((uint8_t)first);
    for (; width > 0; width--, value >>= 1) {
        if ((value & 1u) != 0) {
            *at = (uint8_t)(*at | mask);
        }
        mask = (uint8_t)(mask << 1);
        if (mask == 0) {
            mask = 1;
            at++;
        }
    }
}
