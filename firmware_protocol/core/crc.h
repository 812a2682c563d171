/* The checksum of a frame. */
#ifndef LABRIG_CRC_H
#define LABRIG_CRC_H

#include <stdint.h>

/* CRC-16/GENIBUS without its xorout; start with LABRIG_CRC_INIT. */
uint16_t labrig_crc16(uint16_t crc, uint8_t byte);

/* The same over bytes. A target may have a faster one in place of the core's. */
uint16_t labrig_crc16_bytes(uint16_t crc, const uint8_t *bytes, uint8_t count);

/* What labrig_crc16 holds after a body and its CRC, whatever the body. */
#define LABRIG_CRC16_RESIDUE 0x1D0Fu

#endif
