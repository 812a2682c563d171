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
static uint8_t texts_size;

_Static_assert(LABRIG_MAX_BRANCHES == RECORD_MOST_BRANCHES && LABRIG_MAX_LINES == RECORD_MOST_LINES,
               "what fits is told to whoever writes a record");

_Static_assert(offsetof(struct board_record, told) == offsetof(struct hardware, config)
                   && offsetof(struct board_record, texts_size) == sizeof(struct hardware) && RECORD_TEXTS == LABRIG_TEXTS_MAX,
               "a record begins as it is kept");

/* The firmware for memristors runs on nothing else, and no other runs on a board of them. */
static bool suits(const struct hardware *read)
{
#ifdef LABRIG_MEMRISTORS
    return read->parts.wiper == RECORD_PULSER;
#else
    return read->config.code_bits >= RECORD_LEAST_CODE_BITS;
#endif
}

static bool valid(const struct board_record *record)
{
    const struct hardware *read = (const struct hardware *)record;
    return labrig_crc16_bytes(LABRIG_CRC_INIT, (const uint8_t *)record, sizeof *record) == LABRIG_CRC16_RESIDUE
        && record->parts.magic == RECORD_MAGIC && record->parts.layout == RECORD_LAYOUT
        && labrig_lines(&read->config) <= LABRIG_MAX_LINES && read->config.branches <= LABRIG_MAX_BRANCHES
        && suits(read);
}

uint8_t labrig_hal_texts(uint8_t *to)
{
    eeprom_read_block(to, (const void *)offsetof(struct board_record, texts), texts_size);
    return texts_size;
}

_Static_assert(offsetof(struct labrig_nudge, averages) == 8 && offsetof(struct labrig_nudge, dac_bits) == 9
                   && offsetof(struct labrig_nudge, fraction) == 10,
               "nudge.S knows where the parts of a nudge lie");

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
    struct board_record record;
    eeprom_read_block(&record, (const void *)0, sizeof record);
    if (valid(&record)) {
        memcpy(&hardware, &record, sizeof hardware);
        texts_size = record.texts_size;
    } else {
        hardware.parts.rate = RATE_1M;
    }
    return count_boot();
}
