#include "spi.h"

__attribute__((noinline)) uint8_t spi_exchange(uint8_t byte)
{
    SPDR = byte;
    while ((SPSR & (1u << SPIF)) == 0) {
    }
    return SPDR;
}

/* The enables go up before they become outputs. */
void spi_begin(void)
{
    PORTG = GROUP_ALL;
    DDRG = GROUP_ALL;
    DDRA = 0xFF;
    DDRC = 0x07;
    DDRB = 1u << PB0 | 1u << PB1 | 1u << PB2; /* SS must be an output for a master; SCK, MOSI */
    spi_mode0();
}
