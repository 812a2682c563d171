/* The pulse generator of a board of memristors: no part of a maker, but a circuit of the board's own, which connects a branch
 * by itself and times the pulse. targets/atmega2560/pulser.h has its frames. */
#ifndef PARTS_PULSER_H
#define PARTS_PULSER_H

#include <stdbool.h>

#include "part.h"

struct pulser {
    struct part_abuse abuse; /* refused: a pulse was asked for while one was under way */
    void (*give)(void *context, unsigned branch, double volts, double seconds);
    void *context;
    uint8_t bytes[8], count;
    bool under_way;
    uint64_t ns, begun; /* of the last select; of the pulse */
    unsigned branch;
    double volts, seconds;
};

extern const struct part_kind pulser_kind;

/* Its select has gone up, at a time in ns. */
void pulser_deselected(struct pulser *pulser, uint64_t ns);

#endif
