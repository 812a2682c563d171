#include "nudge.h"

#include <string.h>

#include "packing.h"
#include "told.h"

#define SCALE_BITS 24u
#define FRACTION_BITS 14u

/* Long division, a bit at a time: the numerator has up to 48 bits before it is scaled. */
__attribute__((weak)) void labrig_nudge_scale(const struct labrig_config *config, uint16_t *scale)
{
    const uint64_t numerator = (uint64_t)config->adc_span_uv * (((uint32_t)1 << config->dac_bits) - 1u);
    const uint64_t denominator = (uint64_t)config->dac_span_uv * (((uint32_t)1 << config->adc_bits) - 1u);
    uint64_t quotient = numerator / denominator;
    uint64_t rest = numerator % denominator;
    for (uint8_t bit = 0; bit <= SCALE_BITS; bit++) { /* one bit more than is kept, for rounding */
        rest <<= 1;
        quotient <<= 1;
        if (rest >= denominator) {
            rest -= denominator;
            quotient |= 1u;
        }
    }
    quotient = (quotient + 1u) >> 1;
    memcpy(scale, &quotient, sizeof quotient);
}

/* sum += number * factor */
static void add_product(uint16_t *sum, const uint16_t *number, int32_t factor)
{
    for (uint8_t rest = LABRIG_SCALE_WORDS; rest > 0; rest--, sum++, factor >>= 16) {
        uint32_t carry = 0;
        for (uint8_t k = 0; k < rest; k++) {
            carry += (uint32_t)number[k] * (uint16_t)factor + sum[k];
            sum[k] = (uint16_t)carry;
            carry >>= 16;
        }
    }
}

uint16_t labrig_nudge_code(uint32_t sum, uint8_t averages, const uint16_t *scale, int16_t fraction, uint16_t target,
                           uint8_t dac_bits)
{
    const uint16_t highest = labrig_low_bits(dac_bits);
    const uint32_t aim = ((uint32_t)target * averages) << (SCALE_BITS - 16u);
    uint16_t part[LABRIG_SCALE_WORDS] = {0};
    uint16_t all[LABRIG_SCALE_WORDS] = {0, 0, (uint16_t)(averages << (SCALE_BITS + FRACTION_BITS - 33u))}; /* a half */
    add_product(part, scale, (int32_t)sum);
    add_product(all, part, ((int32_t)1 << FRACTION_BITS) - fraction);
    memset(part, 0, sizeof part);
    part[1] = (uint16_t)aim;
    part[2] = (uint16_t)(aim >> 16);
    add_product(all, part, fraction);
    if ((all[3] & 0x8000u) != 0) {
        return 0;
    }
    const uint32_t code = (((uint32_t)all[3] << 16 | all[2]) >> (SCALE_BITS + FRACTION_BITS - 32u)) / averages;
    return code < highest ? (uint16_t)code : highest;
}
