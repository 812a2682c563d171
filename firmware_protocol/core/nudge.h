/* Clamps part of the way to a target; PROTOCOL.md, "Nudges". */
#ifndef LABRIG_NUDGE_H
#define LABRIG_NUDGE_H

#include <stdint.h>

#include "labrig_hal.h"

/* DAC codes per ADC code in units of 1/2**24, rounded to nearest, halves upward; and all that is computed with it: 64 bits
 * in two's complement, the lowest byte first, because small processors have no arithmetic of that size. A target that
 * has it at hand may have its own in place of the core's. */
#define LABRIG_SCALE_BYTES 8u
void labrig_nudge_scale(const struct labrig_config *config, uint8_t *scale);

/* The DAC code of a clamp at x + fraction * (target - x), where x is what a sum of readings says. */
struct labrig_nudge {
    uint8_t scale[LABRIG_SCALE_BYTES];
    uint8_t averages, dac_bits;
    int16_t fraction;
};
uint16_t labrig_nudge_code(const struct labrig_nudge *nudge, uint32_t sum, uint16_t target);

#endif
