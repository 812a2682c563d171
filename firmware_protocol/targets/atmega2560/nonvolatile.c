/* The EEPROM: the record of what the board is, and the boot count.
 *
 * A cell bears 100000 writes. The count is the only thing written, once a boot, to 64 slots in turn, and no more than
 * one slot a boot: the cells outlive 6.4 million boots. Past that the count stays as it is. */
#include <avr/eeprom.h>
#include <avr/pgmspace.h>
#include <stddef.h>
#include <string.h>

#include "crc.h"
#include "hardware.h"
#include "labrig_protocol.h"
#include "labrig_sizes.h"

#define WRITES_A_CELL 100000ul
#define LAST_COUNT (WRITES_A_CELL * COUNTER_SLOTS)
#define NUDGE_DEFAULT_NS 10000u

struct hardware hardware;

/* A board that one person builds: 4x4, MCP4351-104, AD5676 and ADS8688 of 5 V, 100 ohm drives, 100 kohm nudges. */
static const struct hardware breadboard PROGMEM = {
    .parts = {
        .wiper = RECORD_MCP4351,
        .adc = RECORD_ADS8688,
        .baud = 1000000,
        .nudge_scale = {0, 0, 0, 1}, /* 2**24 */
        .serial_number = "UNNAMED",
        .part = "MCP4351-104",
    },
    .config = {
        .inputs = 4,
        .outputs = 4,
        .branches = 16,
        .code_max = 256,
        .code_bits = 9,
        .adc_bits = 16,
        .dac_bits = 16,
        .adc_span_uv = 5000000,
        .dac_span_uv = 5000000,
        .drive_mohm = 100000,
        .features = LABRIG_FEATURE_NUDGE_TOWARD | LABRIG_FEATURE_NUDGE_THROUGH | LABRIG_FEATURE_SOURCE_SENSE
            | LABRIG_FEATURE_LEARN,
        .through_min_ns = NUDGE_DEFAULT_NS,
        .through_max_ns = NUDGE_DEFAULT_NS,
    },
};

/* The CRC falls upon what is set afterwards. */
_Static_assert(offsetof(struct board_record, crc) == offsetof(struct hardware, config) + LABRIG_CONFIG_TOLD
                   && sizeof(struct board_record) <= sizeof(struct hardware),
               "a record is read as it lies");

static bool valid_record(void)
{
    eeprom_read_block(&hardware, (const void *)0, sizeof(struct board_record));
    return labrig_crc16_bytes(LABRIG_CRC_INIT, (const uint8_t *)&hardware, sizeof(struct board_record)) == LABRIG_CRC16_RESIDUE
        && hardware.parts.magic == RECORD_MAGIC && hardware.parts.layout == RECORD_LAYOUT
        && labrig_lines(&hardware.config) <= LABRIG_MAX_LINES && hardware.config.branches <= LABRIG_MAX_BRANCHES;
}

void labrig_nudge_scale(const struct labrig_config *config, uint8_t *scale)
{
    (void)config;
    memcpy(scale, hardware.parts.nudge_scale, sizeof hardware.parts.nudge_scale);
}

static uint16_t checksum(const struct boot_counter *counter)
{
    return labrig_crc16_bytes(LABRIG_CRC_INIT, (const uint8_t *)counter, sizeof counter->count) ^ LABRIG_CRC_XOROUT;
}

static void *slot_at(uint8_t slot)
{
    return (void *)(COUNTERS_AT + slot * sizeof(struct boot_counter));
}

static uint32_t count_boot(void)
{
    uint32_t highest = 0;
    struct boot_counter counter;
    for (uint8_t slot = 0; slot < COUNTER_SLOTS; slot++) {
        eeprom_read_block(&counter, slot_at(slot), sizeof counter);
        if (counter.crc == checksum(&counter) && counter.count > highest) {
            highest = counter.count;
        }
    }
    if (highest < LAST_COUNT) {
        counter.count = ++highest;
        counter.crc = checksum(&counter);
        eeprom_update_block(&counter, slot_at((uint8_t)highest % COUNTER_SLOTS), sizeof counter);
    }
    return highest;
}

uint32_t nonvolatile_begin(void)
{
    if (!valid_record()) {
        memcpy_P(&hardware, &breadboard, sizeof hardware);
    }
    hardware.config.serial_number = hardware.parts.serial_number;
    hardware.config.part = hardware.parts.part;
    return count_boot();
}
