/* The processor with its line and its bench, run in emulated time.
 *
 * While the board has work to do, emulated time runs as fast as it can (free) or not ahead of the wall's (paced). While
 * the processor sleeps and the line is quiet, it follows the wall: a heartbeat expires when it should.
 * Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#ifndef EMULATOR_MACHINE_H
#define EMULATOR_MACHINE_H

#include <signal.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_io.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench.h"
#include "eeprom_image.h"
#include "mishaps.h"
#include "play.h"
#include "port.h"
#include "usart.h"

#define OUTBOX 256u

struct machine {
    avr_t *avr;
    avr_io_t module; /* hears of resets */
    struct usart usart;
    struct bench *bench;
    struct eeprom_image *eeprom;
    bool paced;
    struct mishaps mishaps;
    bool hangs;

    struct play *play; /* in place of a port */
    bool played;       /* to its end */
    struct port *port;
    int watch; /* on the port, which resets the processor whenever it is opened; -1: it does not */
    uint64_t boot_loader_ns; /* when it ends on the wall's clock; 0: it has ended */
    const sigset_t *awake; /* signals let in while waiting */
    volatile sig_atomic_t *ending;
    bool until_eof;

    uint64_t wall_ns;       /* of the last agreement with emulated time */
    avr_cycle_count_t cycles; /* likewise */
    avr_cycle_count_t owed; /* by which the last waits were too long */
    bool slept;             /* the next interrupt wakes the processor */

    uint8_t outbox[OUTBOX];
    size_t out;
    unsigned long resets, watchdog_resets;
};

void machine_build(struct machine *machine, const char *firmware, struct bench *bench, struct eeprom_image *eeprom,
                   double baud, bool paced);

/* Run until the firmware listens. Exits where it does not within a second of its time. */
void machine_boot(struct machine *machine);

/* Serve the port until a signal, or the end of standard input where asked for. */
void machine_serve(struct machine *machine, struct port *port, const sigset_t *awake, bool until_eof,
                   volatile sig_atomic_t *ending);

/* Play a script to its end, as fast as it goes. */
void machine_play(struct machine *machine, struct play *play);

/* Write the statistics; exits where that fails. */
void machine_report(const struct machine *machine, const char *path);

#endif
