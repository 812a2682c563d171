#include "packing.h"

uint32_t labrig_unpack(const uint8_t *packed, uint16_t index, uint8_t width)
{
    const uint32_t first = (uint32_t)index * width;
    const uint8_t *at = packed + (first >> 3);
    const uint8_t shift = (uint8_t)(first & 7u);
    const uint8_t bytes = (uint8_t)(((unsigned)shift + width + 7u) >> 3);
    uint32_t value = 0;
    for (uint8_t k = 0; k < bytes; k++) {
        value |= (uint32_t)at[k] << (8u * k);
    }
    return (value >> shift) & (((uint32_t)1 << width) - 1u);
}

void labrig_pack(uint8_t *packed, uint16_t index, uint8_t width, uint32_t value)
{
    const uint32_t first = (uint32_t)index * width;
    uint8_t *at = packed + (first >> 3);
    const uint8_t shift = (uint8_t)(first & 7u);
    const uint8_t bytes = (uint8_t)(((unsigned)shift + width + 7u) >> 3);
    value = (value & (((uint32_t)1 << width) - 1u)) << shift;
    for (uint8_t k = 0; k < bytes; k++) {
        at[k] = (uint8_t)(at[k] | (value >> (8u * k)));
    }
}
