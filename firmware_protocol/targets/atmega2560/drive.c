/* Drivers: AD5676 (16 bit) or AD5672 (12 bit), eight channels a chip, and the switches behind them. A frame is 24 bits:
 * command, channel, code with its highest bit first; data are sampled at the falling edge. */
#include "hardware.h"
#include "spi.h"

#define WRITE_AND_UPDATE 0x30u

void dac_write(uint16_t driver, uint16_t code)
{
    const uint16_t aligned = (uint16_t)(code << (16u - hardware.config.dac_bits));
    spi_mode1();
    spi_select(GROUP_DAC, driver >> 3);
    (void)spi_exchange((uint8_t)(WRITE_AND_UPDATE | (driver & 7u)));
    (void)spi_exchange((uint8_t)(aligned >> 8));
    (void)spi_exchange((uint8_t)aligned);
    spi_deselect(GROUP_DAC);
}

void labrig_hal_drive(uint16_t driver, uint16_t dac_code)
{
    dac_write(driver, dac_code);
    switches_set(driver, PATH_DRIVE);
}

/* There is one nudge resistor: HELLO tells it as the least and the greatest conductance. */
void labrig_hal_drive_through(uint16_t driver, uint16_t dac_code, uint32_t nanosiemens)
{
    (void)nanosiemens;
    dac_write(driver, dac_code);
    switches_set(driver, PATH_NUDGE);
}

/* Never asked for: the board has no current sources, and HELLO says so. */
void labrig_hal_inject(uint16_t driver, int32_t picoamperes)
{
    (void)picoamperes;
    labrig_hal_release(driver);
}

void labrig_hal_release(uint16_t driver)
{
    switches_set(driver, PATH_OPEN);
    dac_write(driver, 0);
}
