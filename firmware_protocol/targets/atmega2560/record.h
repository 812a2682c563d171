/* The record that describes a board, at the start of the EEPROM: what it is made of, and its name. Whoever provisions
 * a board writes it; the firmware only reads it. Little-endian, without gaps. Behind it lie the boot counters. */
#ifndef LABRIG_RECORD_H
#define LABRIG_RECORD_H

#include <stdint.h>

#define RECORD_MAGIC 0x4C42u
#define RECORD_LAYOUT 1u
#define RECORD_TEXT 24u

/* What fits into the firmware's memory. */
#define RECORD_MOST_BRANCHES 1200u
#define RECORD_MOST_LINES 80u

enum record_wiper { RECORD_MCP4351 = 1, RECORD_AD5270 = 2 };
enum record_adc { RECORD_ADS8688 = 1, RECORD_MCP3208 = 2 };

struct __attribute__((packed)) board_record {
    uint16_t magic;
    uint8_t layout;
    uint8_t wiper, adc; /* parts; the DAC is an AD5676 or its 12-bit twin AD5672 */
    uint16_t inputs, outputs, hidden, branches;
    uint16_t code_min, code_max;
    uint8_t code_bits, adc_bits, dac_bits;
    uint32_t adc_span_uv, dac_span_uv;
    uint32_t drive_mohm;
    uint32_t features;
    uint32_t nudge_ns; /* conductance of the nudge resistors */
    uint32_t baud;
    char serial_number[RECORD_TEXT], part[RECORD_TEXT]; /* zero-terminated */
    uint16_t crc; /* CRC-16/GENIBUS of all before it */
};

/* Boot counters: slots written in turn, each a count and its CRC-16/GENIBUS; the highest valid count holds. */
#define COUNTERS_AT 256u
#define COUNTER_SLOTS 64u

struct __attribute__((packed)) boot_counter {
    uint32_t count;
    uint16_t crc;
};

#endif
