/* MCP4351 (four wipers of 257 taps a chip) or AD5270 (one of 1024 taps). */
#include "digest.h"
#include "hardware.h"
#include "spi.h"

/* MCP4351: register in the high nibble, then the command, then a code of up to ten bits; modes 0 and 3. */
#define MCP_WRITE 0x00u
#define MCP_READ 0x0Cu
static uint8_t mcp_wiper(uint16_t branch)
{
    const uint8_t wiper = (uint8_t)((branch & 3u) << 4); /* registers 0, 1, 6, 7 */
    return (wiper & 0x20u) != 0 ? wiper | 0x40u : wiper;
}

/* AD5270: 16 bits, four of them a command above ten of data; sampled at the falling edge. Its open-drain output needs
 * 450 ns after an edge, so it is read slowly. */
#define AD_WRITE 0x04u
#define AD_READ 0x08u
#define AD_CONTROL 0x1Cu
#define AD_CONTROL_WRITABLE 0x02u

static uint16_t frame(uint16_t chip, uint8_t high, uint8_t low)
{
    spi_select(GROUP_WIPER, chip);
    const uint8_t first = spi_exchange(high);
    const uint8_t second = spi_exchange(low);
    spi_deselect(GROUP_WIPER);
    return (uint16_t)((uint16_t)first << 8 | second);
}

/* After power-up an AD5270 refuses writes until it is told otherwise. */
void wipers_begin(void)
{
    if (hardware.parts.wiper != RECORD_AD5270) {
        return;
    }
    spi_mode1();
    for (uint16_t chip = 0; chip < hardware.config.branches; chip++) {
        (void)frame(chip, AD_CONTROL, AD_CONTROL_WRITABLE);
    }
}

#ifdef LABRIG_PORTABLE

#include <avr/wdt.h>

static void write_wiper(uint16_t branch, uint16_t code)
{
    if (hardware.parts.wiper == RECORD_AD5270) {
        spi_mode1();
        (void)frame(branch, (uint8_t)(AD_WRITE | code >> 8), (uint8_t)code);
    } else {
        spi_mode0();
        (void)frame(branch >> 2, (uint8_t)(mcp_wiper(branch) | MCP_WRITE | code >> 8), (uint8_t)code);
    }
}

uint32_t labrig_hal_write_wipers(uint16_t first, const uint16_t *codes, uint8_t count, uint32_t digest)
{
    wdt_reset(); /* an update of all latents takes long without what is written by hand */
    for (uint8_t k = 0; k < count; k++) {
        write_wiper((uint16_t)(first + k), codes[k]);
    }
    return labrig_digest_codes(digest, codes, count, UINT16_MAX);
}

#endif

uint16_t labrig_hal_read_wiper(uint16_t branch)
{
    if (hardware.parts.wiper == RECORD_AD5270) {
        spi_mode1_slow();
        (void)frame(branch, AD_READ, 0);
        return frame(branch, 0, 0) & 0x3FFu;
    }
    spi_mode0();
    return frame(branch >> 2, mcp_wiper(branch) | MCP_READ, 0) & 0x1FFu;
}
