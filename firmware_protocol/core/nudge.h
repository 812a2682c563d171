/* Clamps part of the way to a target; PROTOCOL.md, "Nudges". */
#ifndef LABRIG_NUDGE_H
#define LABRIG_NUDGE_H

#include <stdint.h>

#include "labrig_hal.h"

/* DAC codes per ADC code in units of 1/2**24, rounded to nearest, halves upward; and all that is computed with it: 64 bits
 * in two's complement, the lowest word first, because small processors have no arithmetic of that size. A target that
 * has it at hand may have its own in place of the core's. */
#define LABRIG_SCALE_WORDS 4u
void labrig_nudge_scale(const struct labrig_config *config, uint16_t *scale);

/* The DAC code of a clamp at x + fraction * (target - x). */
uint16_t labrig_nudge_code(uint32_t sum, uint8_t averages, const uint16_t *scale, int16_t fraction, uint16_t target,
                           uint8_t dac_bits);

#endif
