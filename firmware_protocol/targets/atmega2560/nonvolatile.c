/* The EEPROM: the record of what the board is, and the boot count.
 *
 * A cell bears 100000 writes. The count is the only thing written, once a boot, to 64 slots in turn, and no more than
 * one slot a boot: the cells outlive 6.4 million boots. Past that the count stays as it is. */
#include <avr/eeprom.h>
#include <string.h>

#include "crc.h"
#include "hardware.h"
#include "labrig_protocol.h"
#include "labrig_sizes.h"

#define WRITES_A_CELL 100000ul
#define LAST_COUNT (WRITES_A_CELL * COUNTER_SLOTS)
#define NUDGE_DEFAULT_NS 10000u

struct hardware hardware;

static uint16_t checksum(const void *data, uint16_t count)
{
    const uint8_t *bytes = data;
    uint16_t crc = LABRIG_CRC_INIT;
    for (uint16_t k = 0; k < count; k++) {
        crc = labrig_crc16(crc, bytes[k]);
    }
    return crc ^ LABRIG_CRC_XOROUT;
}

/* A board that one person builds: 4x4, MCP4351-104, AD5676 and ADS8688 of 5 V, 100 ohm drives, 100 kohm nudges. */
static const struct board_record breadboard = {
    .wiper = RECORD_MCP4351,
    .adc = RECORD_ADS8688,
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
    .nudge_ns = NUDGE_DEFAULT_NS,
    .baud = 1000000,
    .serial_number = "UNNAMED",
    .part = "MCP4351-104",
};

static bool fits(const struct board_record *record)
{
    const uint32_t lines = (uint32_t)record->inputs + record->outputs + record->hidden;
    return record->magic == RECORD_MAGIC && record->layout == RECORD_LAYOUT
        && record->crc == checksum(record, sizeof *record - sizeof record->crc) && lines <= LABRIG_MAX_LINES
        && record->branches <= LABRIG_MAX_BRANCHES;
}

static void adopt(const struct board_record *record)
{
    hardware.config = (struct labrig_config){
        .inputs = record->inputs,
        .outputs = record->outputs,
        .hidden = record->hidden,
        .branches = record->branches,
        .code_min = record->code_min,
        .code_max = record->code_max,
        .code_bits = record->code_bits,
        .adc_bits = record->adc_bits,
        .dac_bits = record->dac_bits,
        .adc_span_uv = record->adc_span_uv,
        .dac_span_uv = record->dac_span_uv,
        .drive_mohm = record->drive_mohm,
        .features = record->features & ~(uint32_t)LABRIG_FEATURE_INJECT,
        .through_min_ns = record->nudge_ns,
        .through_max_ns = record->nudge_ns,
        .serial_number = hardware.serial_number,
        .part = hardware.part,
    };
    hardware.wiper = record->wiper;
    hardware.adc = record->adc;
    hardware.baud = record->baud;
    memcpy(hardware.serial_number, record->serial_number, RECORD_TEXT - 1u);
    memcpy(hardware.part, record->part, RECORD_TEXT - 1u);
}

static void *slot_at(uint16_t slot)
{
    return (void *)(COUNTERS_AT + slot * sizeof(struct boot_counter));
}

static uint32_t count_boot(void)
{
    uint32_t highest = 0;
    struct boot_counter counter;
    for (uint16_t slot = 0; slot < COUNTER_SLOTS; slot++) {
        eeprom_read_block(&counter, slot_at(slot), sizeof counter);
        if (counter.crc == checksum(&counter.count, sizeof counter.count) && counter.count > highest) {
            highest = counter.count;
        }
    }
    if (highest >= LAST_COUNT) {
        return highest;
    }
    counter.count = highest + 1u;
    counter.crc = checksum(&counter.count, sizeof counter.count);
    eeprom_update_block(&counter, slot_at((uint16_t)(counter.count % COUNTER_SLOTS)), sizeof counter);
    return counter.count;
}

uint32_t nonvolatile_begin(void)
{
    struct board_record record;
    eeprom_read_block(&record, (const void *)0, sizeof record);
    adopt(fits(&record) ? &record : &breadboard);
    return count_boot();
}
