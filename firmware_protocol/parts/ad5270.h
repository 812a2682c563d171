/* Analog Devices AD5270: one rheostat of 1024 taps; its 50-TP memory is unprogrammed, and programming it is refused. */
#ifndef AD5270_H
#define AD5270_H

#include <stdbool.h>

#include "part.h"

struct ad5270 {
    struct part_abuse abuse;
    uint16_t wiper;
    uint16_t control; /* bit 0: 50-TP may be programmed; bit 1: the wiper may be written */
    uint16_t out;     /* shifts out during the next frame */
    bool reads;       /* `out` was asked for */
    bool shut_down;
    uint8_t count;
    uint16_t in;
};

extern const struct part_kind ad5270_kind;

void ad5270_power_on(struct ad5270 *chip);

#endif
