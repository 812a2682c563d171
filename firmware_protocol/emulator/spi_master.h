/* The SPI master of an ATmega2560: eight bits at the clock that its registers say.
 * Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#ifndef EMULATOR_SPI_MASTER_H
#define EMULATOR_SPI_MASTER_H

#include <simavr/sim_avr.h>
#include <stdbool.h>
#include <stdint.h>

#include "part.h"

struct spi_master {
    avr_t *avr;
    uint8_t (*exchange)(void *context, uint8_t out, const struct part_clock *clock);
    void *context;

    uint8_t in;
    bool begun;        /* a byte was begun since the last reset */
    bool flag_read;    /* SPSR was read while a flag was set: access to SPDR clears it */
    bool done_cleared;
    bool collided;
    avr_cycle_count_t ends; /* when the byte is over */
    unsigned long bytes, collisions;
};

void spi_master_attach(struct spi_master *spi, avr_t *avr);
void spi_master_reset(struct spi_master *spi);

/* Whether a byte is being shifted. */
bool spi_master_busy(const struct spi_master *spi);

#endif
