/* The SPI bus and the lines that select a chip on it.
 *
 * A chip's number stands on SELECT (11 bits: PORTA, then PC0 ... PC2) before its group's enable, active low, goes down:
 * decoders turn number and enable into one chip select. Number and enable never change at the same time. */
#ifndef AVR_SPI_H
#define AVR_SPI_H

#include <avr/io.h>
#include <stdint.h>

/* Enables on PORTG. */
#define GROUP_WIPER ((uint8_t)(1u << PG0))
#define GROUP_DAC ((uint8_t)(1u << PG1))
#define GROUP_SWITCH ((uint8_t)(1u << PG2))
#define GROUP_ADC ((uint8_t)(1u << PG3))
#define GROUP_ALL (GROUP_WIPER | GROUP_DAC | GROUP_SWITCH | GROUP_ADC)

/* 8 MHz, or where slow 2 MHz (mode 0) and 1 MHz (mode 1); data are sampled at the rising (mode 0) or at the falling
 * edge (mode 1). */
static inline void spi_mode0(void)
{
    SPCR = 1u << SPE | 1u << MSTR;
    SPSR = 1u << SPI2X;
}

static inline void spi_mode0_slow(void)
{
    SPCR = 1u << SPE | 1u << MSTR | 1u << SPR0;
    SPSR = 1u << SPI2X;
}

static inline void spi_mode1(void)
{
    SPCR = 1u << SPE | 1u << MSTR | 1u << CPHA;
    SPSR = 1u << SPI2X;
}

static inline void spi_mode1_slow(void)
{
    SPCR = 1u << SPE | 1u << MSTR | 1u << CPHA | 1u << SPR0;
    SPSR = 0;
}

static inline void spi_select(uint8_t group, uint16_t chip)
{
    PORTA = (uint8_t)chip;
    PORTC = (uint8_t)(chip >> 8);
    PORTG &= (uint8_t)~group;
}

static inline void spi_deselect(uint8_t group)
{
    PORTG |= group;
}

uint8_t spi_exchange(uint8_t byte);

/* At 8 MHz, by the count of cycles: SPDR is free again 17 cycles after it was written. */
static inline uint8_t spi_exchange_timed(uint8_t byte)
{
    SPDR = byte;
    __builtin_avr_delay_cycles(16);
    return SPDR;
}

void spi_begin(void);

#endif
