#include "crc.h"

/* Shifts of whole nibbles instead of a table: a handful of instructions on an 8-bit processor. */
uint16_t labrig_crc16(uint16_t crc, uint8_t byte)
{
    crc = (uint16_t)((crc >> 8) | (crc << 8));
    crc = (uint16_t)(crc ^ byte);
    crc = (uint16_t)(crc ^ ((crc & 0xFFu) >> 4));
    crc = (uint16_t)(crc ^ (crc << 12));
    crc = (uint16_t)(crc ^ ((crc & 0xFFu) << 5));
    return crc;
}

__attribute__((weak)) uint16_t labrig_crc16_bytes(uint16_t crc, const uint8_t *bytes, uint8_t count)
{
    for (uint8_t k = 0; k < count; k++) {
        crc = labrig_crc16(crc, bytes[k]);
    }
    return crc;
}

static const uint32_t nibbles[16] = {
    0x00000000ul, 0x1DB71064ul, 0x3B6E20C8ul, 0x26D930ACul, 0x76DC4190ul, 0x6B6B51F4ul, 0x4DB26158ul, 0x5005713Cul,
    0xEDB88320ul, 0xF00F9344ul, 0xD6D6A3E8ul, 0xCB61B38Cul, 0x9B64C2B0ul, 0x86D3D2D4ul, 0xA00AE278ul, 0xBDBDF21Cul,
};

uint32_t labrig_crc32(uint32_t crc, uint8_t byte)
{
    crc = ~crc ^ byte;
    crc = (crc >> 4) ^ nibbles[crc & 0xFu];
    crc = (crc >> 4) ^ nibbles[crc & 0xFu];
    return ~crc;
}

__attribute__((weak)) uint32_t labrig_crc32_codes(uint32_t crc, const uint16_t *codes, uint16_t count)
{
    for (uint16_t k = 0; k < count; k++) {
        crc = labrig_crc32(crc, (uint8_t)codes[k]);
        crc = labrig_crc32(crc, (uint8_t)(codes[k] >> 8));
    }
    return crc;
}
