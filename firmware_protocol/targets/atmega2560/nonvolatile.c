/* The EEPROM: the record of what the board is, and the boot count.
 *
 * A cell bears 100000 writes. The count is the only thing written, once a boot, to 64 slots in turn, and no more than
 * one slot a boot: the cells outlive 6.4 million boots. Past that the count stays as it is. */
#include <avr/eeprom.h>
#include <stddef.h>
#include <string.h>

#include "crc.h"
#include "hardware.h"
#include "labrig_protocol.h"
#include "labrig_sizes.h"

#define WRITES_A_CELL 100000ul
#define LAST_COUNT (WRITES_A_CELL * COUNTER_SLOTS)
#define RATE_1M 1u /* of the line without a record */

struct hardware hardware;

_Static_assert(LABRIG_MAX_BRANCHES == RECORD_MOST_BRANCHES && LABRIG_MAX_LINES == RECORD_MOST_LINES,
               "what fits is told to whoever writes a record");

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
        memset(&hardware, 0, sizeof hardware);
        hardware.parts.rate = RATE_1M;
    }
    hardware.config.texts = hardware.parts.texts;
    hardware.config.texts_size = hardware.parts.texts_size;
    return count_boot();
}
