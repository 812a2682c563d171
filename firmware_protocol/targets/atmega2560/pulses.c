/* Pulses, on a board of memristors in place of wipers; pulser.h has the frames of its generator. */
#include <avr/eeprom.h>
#include <string.h>

#include "crc.h"
#include "hardware.h"
#include "packing.h"
#include "pulser.h"
#include "spi.h"

_Static_assert(sizeof(struct labrig_pulse_range) == PULSES_BYTES, "the range is kept as HELLO tells it");

static struct labrig_pulse_range range;
static bool under_way;

static uint8_t frame(uint8_t first)
{
    spi_mode0();
    spi_select(GROUP_WIPER, 0);
    const uint8_t told = spi_exchange(first);
    spi_deselect(GROUP_WIPER);
    return told;
}

/* A processor that was reset may have left a pulse. Without a valid range every amplitude but 0 is refused. */
void pulses_begin(void)
{
    struct pulse_record record;
    eeprom_read_block(&record, (const void *)PULSES_AT, sizeof record);
    if (labrig_crc16_bytes(LABRIG_CRC_INIT, (const uint8_t *)&record, sizeof record) == LABRIG_CRC16_RESIDUE) {
        memcpy(&range, record.range, sizeof range);
    } else {
        range.step_mv = 1;
    }
    (void)frame(PULSER_STOP);
}

const struct labrig_pulse_range *labrig_hal_pulse_range(void)
{
    return &range;
}

void labrig_hal_pulse(uint16_t branch, int16_t millivolts, uint32_t width)
{
    uint8_t bytes[PULSER_BYTES];
    labrig_put_u16(bytes, branch);
    labrig_put_u16(bytes + 2, (uint16_t)millivolts);
    labrig_put_u32(bytes + 4, width);
    spi_mode0();
    spi_select(GROUP_WIPER, 0);
    for (uint8_t k = 0; k < PULSER_BYTES; k++) {
        (void)spi_exchange(bytes[k]);
    }
    spi_deselect(GROUP_WIPER);
    under_way = true;
}

bool labrig_hal_pulsed(void)
{
    under_way = under_way && frame(PULSER_ASK) == PULSER_BUSY;
    return !under_way;
}

void pulses_stop(void)
{
    if (under_way) {
        (void)frame(PULSER_STOP);
        under_way = false;
    }
}
