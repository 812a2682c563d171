/* Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#include "spi_master.h"

#include <stddef.h>

/* ATmega640/1280/2560 datasheet, register summary. */
enum { SPCR = 0x4C, SPSR = 0x4D, SPDR = 0x4E };
enum { SPI2X = 0, CPHA = 2, CPOL = 3, MSTR = 4, SPE = 6, WCOL = 6, SPIF = 7 };
#define BITS 8u
#define START 1u /* cycles from the write of SPDR to the first edge, at most */

static unsigned divider(const avr_t *avr)
{
    static const unsigned divisors[] = {4, 16, 64, 128};
    const unsigned divisor = divisors[avr->data[SPCR] & 3u];
    return (avr->data[SPSR] & 1u << SPI2X) != 0 ? divisor / 2u : divisor;
}

bool spi_master_busy(const struct spi_master *spi)
{
    return spi->begun && spi->avr->cycle < spi->ends;
}

static void write_data(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    struct spi_master *spi = param;
    const uint8_t control = avr->data[SPCR];
    (void)address;
    if ((control & 1u << SPE) == 0 || (control & 1u << MSTR) == 0) {
        return;
    }
    if (spi_master_busy(spi)) {
        spi->collided = true;
        spi->collisions++;
        return;
    }
    const struct part_clock clock = {
        .hertz = (double)avr->frequency / divider(avr),
        .mode = (uint8_t)((control >> CPOL & 1u) << 1 | (control >> CPHA & 1u)),
    };
    spi->in = spi->exchange(spi->context, value, &clock);
    spi->ends = avr->cycle + BITS * divider(avr) + START;
    spi->begun = true;
    spi->flag_read = spi->done_cleared = spi->collided = false;
    spi->bytes++;
}

static void clear_flags(struct spi_master *spi)
{
    if (spi->flag_read) {
        spi->done_cleared = true;
        spi->collided = false;
    }
}

static uint8_t read_data(struct avr_t *avr, avr_io_addr_t address, void *param)
{
    struct spi_master *spi = param;
    (void)avr;
    (void)address;
    clear_flags(spi);
    return spi->in;
}

static uint8_t read_status(struct avr_t *avr, avr_io_addr_t address, void *param)
{
    struct spi_master *spi = param;
    const bool done = spi->begun && !spi->done_cleared && !spi_master_busy(spi);
    spi->flag_read = done || spi->collided;
    return (uint8_t)((done ? 1u << SPIF : 0) | (spi->collided ? 1u << WCOL : 0) | (avr->data[address] & 1u << SPI2X));
}

static void write_plain(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    (void)param;
    avr->data[address] = value;
}

static void take_over(struct spi_master *spi, avr_io_addr_t address, avr_io_read_t read, avr_io_write_t write)
{
    avr_t *avr = spi->avr;
    avr->io[AVR_DATA_TO_IO(address)].r.c = read;
    avr->io[AVR_DATA_TO_IO(address)].r.param = spi;
    avr->io[AVR_DATA_TO_IO(address)].w.c = write;
    avr->io[AVR_DATA_TO_IO(address)].w.param = spi;
}

void spi_master_attach(struct spi_master *spi, avr_t *avr)
{
    spi->avr = avr;
    take_over(spi, SPDR, read_data, write_data);
    take_over(spi, SPSR, read_status, write_plain);
    take_over(spi, SPCR, NULL, write_plain);
    spi_master_reset(spi);
}

void spi_master_reset(struct spi_master *spi)
{
    spi->begun = spi->flag_read = spi->done_cleared = spi->collided = false;
}
