/* Drivers: AD5676 (16 bit) or AD5672 (12 bit), eight channels a chip, and the switches behind them. A frame is 24 bits:
 * command, channel, code with its highest bit first; data are sampled at the falling edge. */
#include "hardware.h"
#include "spi.h"

#define WRITE_AND_UPDATE 0x30u

/* Left-aligned: eight channels a chip. */
static void write_dac(uint8_t driver, uint16_t aligned)
{
    spi_mode1();
    spi_select(GROUP_DAC, driver >> 3);
    (void)spi_exchange_timed((uint8_t)(WRITE_AND_UPDATE | (driver & 7u)));
    (void)spi_exchange_timed((uint8_t)(aligned >> 8));
    (void)spi_exchange_timed((uint8_t)aligned);
    spi_deselect(GROUP_DAC);
}

static void impose(labrig_line driver, uint16_t code, enum path path)
{
    write_dac(driver, hardware.config.dac_bits == 16 ? code : (uint16_t)(code << (16u - hardware.config.dac_bits)));
    switches_set(driver, path);
}

void labrig_hal_drive(labrig_line driver, uint16_t dac_code)
{
    impose(driver, dac_code, PATH_DRIVE);
}

/* There is one nudge resistor: HELLO tells it as the least and the greatest conductance. */
void labrig_hal_drive_through(labrig_line driver, uint16_t dac_code, uint32_t nanosiemens)
{
    (void)nanosiemens;
    impose(driver, dac_code, PATH_NUDGE);
}

/* Never asked for: the board has no current sources, and HELLO says so. */
void labrig_hal_inject(labrig_line driver, int32_t picoamperes)
{
    (void)picoamperes;
    labrig_hal_release(driver);
}

void labrig_hal_release(labrig_line driver)
{
#ifdef LABRIG_MEMRISTORS
    pulses_stop();
#endif
    switches_set(driver, PATH_OPEN);
    write_dac(driver, 0);
}
