#include "packing.h"

const uint8_t labrig_bit_masks[8] = {1, 2, 4, 8, 16, 32, 64, 128};

uint16_t labrig_bits_set(const uint8_t *bitmap, uint16_t count)
{
    static const uint8_t of_nibble[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
    uint16_t set = 0;
    for (uint16_t byte = 0; byte < (count + 7u) >> 3; byte++) {
        set = (uint16_t)(set + of_nibble[bitmap[byte] & 0xFu] + of_nibble[bitmap[byte] >> 4]);
    }
    return set;
}

uint32_t labrig_unpack_any(const uint8_t *packed, uint16_t index, uint8_t width)
{
    const uint32_t first = (uint32_t)index * width;
    const uint8_t *at = packed + (first >> 3);
    const uint8_t shift = (uint8_t)(first & 7u);
    const uint8_t bytes = (uint8_t)(((unsigned)shift + width + 7u) >> 3);
    uint32_t value = 0;
    for (uint8_t k = bytes; k-- > 0;) {
        value = value << 8 | at[k];
    }
    return (value >> shift) & (((uint32_t)1 << width) - 1u);
}

/* With constant arguments: two loads and a short shift. The `k`th value of a block that begins on a byte. */
static inline uint16_t value_of_block(const uint8_t *block, unsigned k, unsigned width)
{
    const unsigned byte = k * width / 8u, shift = k * width % 8u;
    const unsigned both = shift + width > 8u ? block[byte] | (unsigned)block[byte + 1u] << 8 : block[byte];
    return (uint16_t)((both >> shift) & ((1u << width) - 1u));
}

static inline uint16_t *unpack_block(const uint8_t *block, unsigned width, uint16_t *codes)
{
    *codes++ = value_of_block(block, 0, width);
    *codes++ = value_of_block(block, 1, width);
    *codes++ = value_of_block(block, 2, width);
    *codes++ = value_of_block(block, 3, width);
    *codes++ = value_of_block(block, 4, width);
    *codes++ = value_of_block(block, 5, width);
    *codes++ = value_of_block(block, 6, width);
    *codes++ = value_of_block(block, 7, width);
    return codes;
}

static inline bool within(uint16_t code, uint16_t least, uint16_t most)
{
    return code >= least && code <= most;
}

static inline bool block_within(const uint8_t *block, unsigned width, uint16_t least, uint16_t most)
{
    return within(value_of_block(block, 0, width), least, most) && within(value_of_block(block, 1, width), least, most)
        && within(value_of_block(block, 2, width), least, most) && within(value_of_block(block, 3, width), least, most)
        && within(value_of_block(block, 4, width), least, most) && within(value_of_block(block, 5, width), least, most)
        && within(value_of_block(block, 6, width), least, most) && within(value_of_block(block, 7, width), least, most);
}

/* Eight values end on a byte, whatever their width; the usual ones go block by block. */
void labrig_unpack_codes(const uint8_t *packed, uint8_t count, uint8_t width, uint16_t *codes)
{
    for (; count >= 8 && width >= 8 && width <= 10; count = (uint8_t)(count - 8u), packed += width) {
        switch (width) {
        case 8: codes = unpack_block(packed, 8, codes); break;
        case 9: codes = unpack_block(packed, 9, codes); break;
        default: codes = unpack_block(packed, 10, codes); break;
        }
    }
    for (uint8_t k = 0; k < count; k++) {
        codes[k] = (uint16_t)labrig_unpack(packed, k, width);
    }
}

bool labrig_codes_within(const uint8_t *packed, uint8_t count, uint8_t width, uint16_t least, uint16_t most)
{
    for (; count >= 8 && width == 9; count = (uint8_t)(count - 8u), packed += width) {
        if (!block_within(packed, 9, least, most)) {
            return false;
        }
    }
    for (uint8_t k = 0; k < count; k++) {
        if (!within((uint16_t)labrig_unpack(packed, k, width), least, most)) {
            return false;
        }
    }
    return true;
}

void labrig_pack(uint8_t *packed, uint16_t index, uint8_t width, uint32_t value)
{
    const uint32_t first = (uint32_t)index * width;
    uint8_t *at = packed + (first >> 3);
    const uint8_t shift = (uint8_t)(first & 7u);
    const uint8_t bytes = (uint8_t)(((unsigned)shift + width + 7u) >> 3);
    value = (value & (((uint32_t)1 << width) - 1u)) << shift;
    for (uint8_t k = 0; k < bytes; k++) {
        at[k] = (uint8_t)(at[k] | value);
        value >>= 8;
    }
}
