#include "nudge.h"

#include <string.h>

#include "packing.h"

#define SCALE_BITS 24u
#define FRACTION_BITS 14u

/* Long division, a bit at a time: the numerator has up to 48 bits before it is scaled. */
__attribute__((weak)) void labrig_nudge_scale(const struct labrig_config *config, uint8_t *scale)
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
    labrig_put_u32(scale, (uint32_t)quotient);
    labrig_put_u32(scale + 4, (uint32_t)(quotient >> 32));
}

/* sum += number * factor */
static void add_product(uint8_t *sum, const uint8_t *number, int32_t factor)
{
    for (uint8_t rest = LABRIG_SCALE_BYTES; rest > 0; rest--, sum++, factor >>= 8) {
        uint16_t carry = 0;
        for (uint8_t k = 0; k < rest; k++) {
            carry = (uint16_t)(carry + (uint16_t)((uint16_t)number[k] * (uint8_t)factor) + sum[k]);
            sum[k] = (uint8_t)carry;
            carry >>= 8;
        }
    }
}

__attribute__((weak)) uint16_t labrig_nudge_code(const struct labrig_nudge *nudge, uint32_t sum, uint16_t target)
{
    const uint16_t highest = labrig_low_bits(nudge->dac_bits);
    uint8_t part[LABRIG_SCALE_BYTES] = {0}, all[LABRIG_SCALE_BYTES] = {0};
    add_product(part, nudge->scale, (int32_t)sum);
    labrig_put_u16(all + 4, (uint16_t)(nudge->averages << (SCALE_BITS + FRACTION_BITS - 33u))); /* a half */
    add_product(all, part, ((int32_t)1 << FRACTION_BITS) - nudge->fraction);
    memset(part, 0, sizeof part);
    labrig_put_u32(part + SCALE_BITS / 8u, (uint32_t)target * nudge->averages);
    add_product(all, part, nudge->fraction);
    if ((all[LABRIG_SCALE_BYTES - 1u] & 0x80u) != 0) {
        return 0;
    }
    const uint32_t code = (labrig_get_u32(all + 4) >> (SCALE_BITS + FRACTION_BITS - 32u)) / nudge->averages;
    return code < highest ? (uint16_t)code : highest;
}
