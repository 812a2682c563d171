/* What befalls the processor, and when: once so many bytes have come to it, so that it falls into whatever they belong
 * to. What is wrong with parts for good is in the circuit file.
 * Licence of this file: GPL-3.0-or-later, as that of the files beside it. */
#ifndef EMULATOR_MISHAPS_H
#define EMULATOR_MISHAPS_H

#include <stdbool.h>

#define MISHAPS_MOST 64

enum mishap {
    BROWN_OUT, /* the brown-out detector resets the processor; supplies of the parts stay above what those need to remember */
    HANG,      /* the program waits for ever, with interrupts off */
    OVERRUN,   /* the receiver loses a byte, as where two before it have not been fetched */
};

struct mishaps {
    struct {
        enum mishap kind;
        unsigned long bytes;
    } planned[MISHAPS_MOST];
    unsigned count;
};

void mishaps_plan(struct mishaps *mishaps, enum mishap kind, unsigned long bytes);

/* Whether one of this kind is due now that so many bytes have come; each is due once. */
bool mishaps_due(struct mishaps *mishaps, enum mishap kind, unsigned long bytes);

#endif
