/* What is soldered around the processor: chip selects, the parts, and the circuit between them.
 * Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#ifndef EMULATOR_BENCH_H
#define EMULATOR_BENCH_H

#include <simavr/sim_avr.h>
#include <stdbool.h>

#include "ad5270.h"
#include "ad5676.h"
#include "adg714.h"
#include "ads8688.h"
#include "circuit.h"
#include "mcp3208.h"
#include "mcp4351.h"
#include "pulser.h"
#include "spi_master.h"

#define GROUPS 4

struct slot {
    const struct part_kind *kind;
    void *part;
};

/* The chips behind one enable, by their number on the select lines. */
struct group {
    struct slot *chips;
    unsigned count;
};

struct bench {
    avr_t *avr;
    struct circuit *circuit;
    struct spi_master spi;
    struct group groups[GROUPS];
    double nudge; /* S */
    int active;   /* group whose enable is low; -1: none */
    unsigned chip;
    avr_cycle_count_t wiper_cycle;   /* when a wiper was last written */
    avr_cycle_count_t release_cycle; /* when the last driver that was on its line was let go */
    unsigned driving;                /* drivers on their lines */
    unsigned long select_faults; /* two enables low at once, or select lines moved while one is */
    unsigned long select_cuts;   /* chip select moved while a byte was being shifted */
    unsigned long nobody;        /* a chip was selected that is not there */
    unsigned long parallel;      /* both switches of a driver closed */
};

/* Exits with a line on stderr where there is no model of a part that the circuit needs. */
void bench_build(struct bench *bench, struct circuit *circuit);
void bench_attach(struct bench *bench, avr_t *avr);

/* The processor was reset: its pins float, and the parts stay as they are. */
void bench_reset(struct bench *bench);

/* The sum over all parts. */
struct part_abuse bench_abuse(const struct bench *bench);

#endif
