/* Analog Devices AD5676 (16 bit) and AD5672 (12 bit, in the upper bits of the same frame): eight DACs. */
#ifndef AD5676_H
#define AD5676_H

#include <stdbool.h>

#include "part.h"

struct ad5676 {
    struct part_abuse abuse;
    uint16_t input[8], output[8]; /* left-aligned */
    uint8_t count;
    uint32_t in;
};

extern const struct part_kind ad5676_kind;

void ad5676_power_on(struct ad5676 *chip);

#endif
