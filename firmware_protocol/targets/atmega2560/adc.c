/* ADS8688 (16 bit) or MCP3208 (12 bit), eight inputs a chip; channel c is input c mod 8 of chip c / 8. */
#include "hardware.h"
#include "labrig_sizes.h"
#include "packing.h"
#include "spi.h"

#define CHIPS ((2u * LABRIG_MAX_LINES + 7u) / 8u)

/* ADS8688: a command register of 16 bits, then 16 bits that belong to the channel chosen in the frame before. */
#define MANUAL 0xC0u
#define MANUAL_STEP 4u
#define RANGE_REGISTER 0x05u
#define REGISTER_WRITE 0x01u
#define RANGE_0_TO_1_25_REF 0x06u
#define NOTHING_CHOSEN 0xFFu

extern uint8_t adc_chosen[CHIPS];
uint8_t adc_chosen[CHIPS];

static void set_range(uint8_t chip, uint8_t input)
{
    spi_select(GROUP_ADC, chip);
    (void)spi_exchange((uint8_t)((RANGE_REGISTER + input) << 1 | REGISTER_WRITE));
    (void)spi_exchange(RANGE_0_TO_1_25_REF);
    (void)spi_exchange(0);
    spi_deselect(GROUP_ADC);
}

void adc_begin(void)
{
    if (hardware.parts.adc != RECORD_ADS8688) {
        return;
    }
    spi_mode1();
    const struct labrig_config *config = &hardware.config;
    for (labrig_line channel = (labrig_line)(labrig_lines(config) + labrig_drivers(config)); channel-- > 0;) {
        set_range(channel >> 3, channel & 7u);
        adc_chosen[channel >> 3] = NOTHING_CHOSEN;
    }
}

#ifdef LABRIG_PORTABLE

static uint16_t frame(uint8_t chip, uint8_t next)
{
    spi_select(GROUP_ADC, chip);
    (void)spi_exchange_timed((uint8_t)(MANUAL + MANUAL_STEP * next));
    (void)spi_exchange_timed(0);
    const uint8_t high = spi_exchange_timed(0);
    const uint8_t low = spi_exchange_timed(0);
    spi_deselect(GROUP_ADC);
    return (uint16_t)((uint16_t)high << 8 | low);
}

/* The frame that brings a conversion chooses the next input, which is what a scan asks for next. */
static void scan_ads8688(labrig_line first, labrig_line count, uint8_t *codes, uint8_t apart)
{
    for (; count > 0; count--, first++, codes += apart) {
        const uint8_t chip = first >> 3, input = first & 7u, next = (input + 1u) & 7u;
        if (adc_chosen[chip] != input) {
            (void)frame(chip, input);
        }
        labrig_put_u16(codes, frame(chip, next));
        adc_chosen[chip] = next;
    }
}

#else

/* scan.S */
void scan_ads8688(labrig_line first, labrig_line count, uint8_t *codes, uint8_t apart);

#endif

/* MCP3208: start bit, single-ended, three bits of channel, and after a null bit the code; 2 MHz at most. */
static uint16_t convert_mcp3208(labrig_line channel)
{
    const uint8_t input = channel & 7u;
    spi_select(GROUP_ADC, channel >> 3);
    (void)spi_exchange((uint8_t)(0x06u | input >> 2));
    const uint8_t high = spi_exchange((uint8_t)(input << 6));
    const uint8_t low = spi_exchange(0);
    spi_deselect(GROUP_ADC);
    return (uint16_t)((uint16_t)(high & 0x0Fu) << 8 | low);
}

void labrig_hal_scan(labrig_line first, labrig_line count, uint8_t *codes, uint8_t apart)
{
    if (hardware.parts.adc == RECORD_ADS8688) {
        spi_mode1();
        scan_ads8688(first, count, codes, apart);
        return;
    }
    spi_mode0_slow();
    for (; count > 0; count--, codes += apart) {
        labrig_put_u16(codes, convert_mcp3208(first++));
    }
}
