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
