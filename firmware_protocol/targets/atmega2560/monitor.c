/* Supply and temperature by the processor's own ADC, whose reference is the supply: the band gap of 1.1 V against it,
 * and a TMP36 (0.5 V at 0 degrees Celsius, 10 mV a degree) on ADC0. */
#include <avr/io.h>
#include <util/delay.h>

#include "hardware.h"

#define BAND_GAP_MV 1100ul
#define STEPS 1024ul
#define MUX_BAND_GAP 0x1Eu
#define MUX_TMP36 0x00u
#define TMP36_ZERO_MV 500
#define BAND_GAP_START_US 70

void monitor_begin(void)
{
    DIDR0 = 1u << ADC0D;
    ADCSRA = 1u << ADEN | 1u << ADPS2 | 1u << ADPS1 | 1u << ADPS0; /* 125 kHz */
}

static uint16_t convert(uint8_t mux)
{
    ADMUX = (uint8_t)(1u << REFS0 | mux);
    if (mux == MUX_BAND_GAP) {
        _delay_us(BAND_GAP_START_US);
    }
    ADCSRA |= 1u << ADSC;
    while ((ADCSRA & (1u << ADSC)) != 0) {
    }
    return ADC;
}

uint16_t labrig_hal_supply_mv(void)
{
    return (uint16_t)(BAND_GAP_MV * STEPS / convert(MUX_BAND_GAP));
}

int16_t labrig_hal_temperature_cdegc(void)
{
    const uint16_t tenth_mv = (uint16_t)(labrig_hal_supply_mv() * 10u);
    return (int16_t)((int16_t)((uint32_t)convert(MUX_TMP36) * tenth_mv / STEPS) - 10 * TMP36_ZERO_MV);
}
