/* The record that describes a board, at the start of the EEPROM: what it is made of, and its name. Whoever provisions
 * a board writes it; the firmware only reads it. Little-endian, without gaps. Behind it lie the boot counters. */
#ifndef LABRIG_RECORD_H
#define LABRIG_RECORD_H

#include <stdint.h>

#include "labrig_hal.h"
#include "nudge.h"

#define RECORD_MAGIC 0x4C42u
#define RECORD_LAYOUT 3u
#define RECORD_TEXTS 44u

/* What fits into the firmware's memory. */
#define RECORD_MOST_BRANCHES 1200u
#define RECORD_MOST_LINES 72u
#define RECORD_LEAST_CODE_BITS 8u

enum record_wiper { RECORD_MCP4351 = 1, RECORD_AD5270 = 2, RECORD_PULSER = 3 };
enum record_adc { RECORD_ADS8688 = 1, RECORD_MCP3208 = 2 };

struct LABRIG_AS_TOLD board_parts {
    uint16_t magic;
    uint8_t layout;
    uint8_t wiper, adc; /* parts; the DAC is an AD5676 or its 12-bit twin AD5672 */
    uint16_t rate; /* of the line: F_CPU / (8 baud) - 1, rounded */
    uint8_t nudge_scale[LABRIG_SCALE_BYTES];            /* labrig_nudge_scale of the spans and bits */
};

struct LABRIG_AS_TOLD board_record {
    struct board_parts parts;
    uint8_t told[LABRIG_CONFIG_TOLD]; /* as in struct labrig_config; `through` twice the conductance of the nudge resistors */
    uint8_t texts_size;
    uint8_t texts[RECORD_TEXTS];      /* tagged values, as HELLO ends with them */
    uint8_t crc[2];                   /* CRC-16/GENIBUS of all before it, big-endian */
};

/* Boot counters: slots written in turn, each a count and its CRC-16/GENIBUS; the highest valid count holds. */
#define COUNTERS_AT 256u
#define COUNTER_SLOTS 64u

struct LABRIG_AS_TOLD boot_counter {
    uint32_t count;
    uint16_t crc;
};

/* Behind them, on a board of memristors: what its generator may give, as HELLO tells it. */
#define PULSES_AT 640u
#define PULSES_BYTES 14u

struct LABRIG_AS_TOLD pulse_record {
    uint8_t range[PULSES_BYTES];
    uint8_t crc[2]; /* CRC-16/GENIBUS of the range, big-endian */
};

#endif
