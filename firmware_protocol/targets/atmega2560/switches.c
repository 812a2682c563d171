/* ADG714: eight switches, one byte, the last bit for switch 1; data are sampled at the falling edge. Chips 0 ... connect
 * the drive resistors, eight drivers each; behind them come the chips of the nudge resistors, eight outputs each. */
#include "hardware.h"
#include "labrig_sizes.h"
#include "packing.h"
#include "spi.h"

#define CHIPS (2u * (LABRIG_MAX_LINES / 8u))

static uint8_t closed[CHIPS];
static uint8_t drive_chips;

static void put(uint8_t chip, uint8_t switches)
{
    closed[chip] = switches;
    spi_mode1();
    spi_select(GROUP_SWITCH, chip);
    (void)spi_exchange_timed(switches);
    spi_deselect(GROUP_SWITCH);
}

void switches_begin(void)
{
    drive_chips = (uint8_t)((labrig_drivers(&hardware.config) + 7u) / 8u);
    const uint8_t chips = (uint8_t)(drive_chips + (hardware.config.outputs + 7u) / 8u);
    for (uint8_t chip = 0; chip < chips; chip++) {
        put(chip, 0);
    }
}

static inline void move(uint8_t chip, uint8_t place, bool close)
{
    const uint8_t mask = labrig_bit_mask(place), others = (uint8_t)(closed[chip] & ~mask);
    const uint8_t switches = close ? others | mask : others;
    if (switches != closed[chip]) {
        put(chip, switches);
    }
}

/* One path is opened before the other is closed. */
void switches_set(uint8_t driver, enum path path)
{
    const uint8_t inputs = (uint8_t)hardware.config.inputs;
    if (path != PATH_DRIVE) {
        move(driver >> 3, driver, false);
    }
    if (driver >= inputs) {
        const uint8_t output = (uint8_t)(driver - inputs);
        move((uint8_t)(drive_chips + (output >> 3)), output, path == PATH_NUDGE);
    }
    if (path == PATH_DRIVE) {
        move(driver >> 3, driver, true);
    }
}
