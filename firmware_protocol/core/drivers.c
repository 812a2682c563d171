#include "drivers.h"

#include <stddef.h>

#include "labrig_protocol.h"
#include "packing.h"

#define SCALE_BITS 24u
#define FRACTION_BITS 14u

/* Long division, a bit at a time: the numerator has up to 48 bits before it is scaled. */
uint64_t labrig_nudge_scale(const struct labrig_config *config)
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
    return (quotient + 1u) >> 1;
}

uint16_t labrig_nudge_code(uint32_t sum, uint8_t averages, uint64_t scale, int16_t fraction, uint16_t target,
                           uint8_t dac_bits)
{
    const uint16_t highest = (uint16_t)(((uint32_t)1 << dac_bits) - 1u);
    const int64_t unit = (int64_t)averages << (SCALE_BITS + FRACTION_BITS); /* one DAC code */
    const int64_t from = (int64_t)(sum * scale) * ((1l << FRACTION_BITS) - fraction);
    const int64_t to = (int64_t)target * fraction * ((int64_t)averages << SCALE_BITS);
    const int64_t rounded = from + to + unit / 2;
    if (rounded < 0) {
        return 0;
    }
    const int64_t code = rounded / unit;
    return code > highest ? highest : (uint16_t)code;
}

void labrig_drivers_begin(struct labrig_drivers_state *drivers, const struct labrig_config *config)
{
    drivers->config = config;
    drivers->scale = labrig_nudge_scale(config);
    labrig_drivers_release(drivers);
}

static void set_driven(struct labrig_drivers_state *drivers, uint16_t driver, bool driven)
{
    const uint8_t mask = labrig_bit_masks[driver & 7u];
    uint8_t *byte = &drivers->driven[driver >> 3];
    *byte = (uint8_t)(driven ? *byte | mask : *byte & ~mask);
}

static void release(struct labrig_drivers_state *drivers, uint16_t driver)
{
    labrig_hal_release(driver);
    set_driven(drivers, driver, false);
}

void labrig_drivers_release(struct labrig_drivers_state *drivers)
{
    for (uint16_t driver = labrig_drivers(drivers->config); driver-- > 0;) {
        release(drivers, driver);
    }
    drivers->inputs_known = false;
    drivers->reference_known = false;
}

static bool names(const struct labrig_lines_section *section, uint16_t line)
{
    return section->which != NULL && labrig_bit(section->which, line);
}

static bool named(const struct labrig_boundary *boundary, uint16_t output)
{
    return names(&boundary->clamps, output) || names(&boundary->toward, output) || names(&boundary->through, output)
        || names(&boundary->inject, output);
}

static void release_unnamed(struct labrig_drivers_state *drivers, const struct labrig_boundary *boundary)
{
    const struct labrig_config *config = drivers->config;
    for (uint16_t k = 0; boundary->inputs.which != NULL && k < config->inputs; k++) {
        if (labrig_bit(drivers->driven, k) && !names(&boundary->inputs, k)) {
            release(drivers, k);
        }
    }
    for (uint16_t k = 0; k < config->outputs; k++) {
        const uint16_t driver = (uint16_t)(config->inputs + k);
        if (labrig_bit(drivers->driven, driver) && !named(boundary, k)) {
            release(drivers, driver);
        }
    }
}

static void drive(struct labrig_drivers_state *drivers, const struct labrig_lines_section *section, uint16_t first,
                  uint16_t lines)
{
    const uint8_t width = drivers->config->dac_bits;
    uint16_t place = 0;
    for (uint16_t k = 0; section->which != NULL && k < lines; k++) {
        if (labrig_bit(section->which, k)) {
            const uint16_t driver = (uint16_t)(first + k);
            labrig_hal_drive(driver, (uint16_t)labrig_unpack(section->values, place++, width));
            set_driven(drivers, driver, true);
        }
    }
}

static void nudge_toward(struct labrig_drivers_state *drivers, const struct labrig_boundary *boundary)
{
    const struct labrig_config *config = drivers->config;
    uint16_t place = 0;
    for (uint16_t k = 0; boundary->toward.which != NULL && k < config->outputs; k++) {
        if (labrig_bit(boundary->toward.which, k)) {
            const uint16_t target = (uint16_t)labrig_unpack(boundary->toward.values, place++, config->dac_bits);
            const uint16_t driver = (uint16_t)(config->inputs + k);
            labrig_hal_drive(driver, labrig_nudge_code(drivers->reference[k], drivers->reference_averages,
                                                       drivers->scale, boundary->fraction, target, config->dac_bits));
            set_driven(drivers, driver, true);
        }
    }
}

static void nudge_through(struct labrig_drivers_state *drivers, const struct labrig_boundary *boundary)
{
    const struct labrig_config *config = drivers->config;
    uint16_t place = 0;
    for (uint16_t k = 0; boundary->through.which != NULL && k < config->outputs; k++) {
        if (labrig_bit(boundary->through.which, k)) {
            const uint16_t target = (uint16_t)labrig_unpack(boundary->through.values, place++, config->dac_bits);
            const uint16_t driver = (uint16_t)(config->inputs + k);
            labrig_hal_drive_through(driver, target, boundary->conductance_ns);
            set_driven(drivers, driver, true);
        }
    }
}

static void inject(struct labrig_drivers_state *drivers, const struct labrig_boundary *boundary)
{
    const struct labrig_config *config = drivers->config;
    const uint8_t *current = boundary->inject.values;
    for (uint16_t k = 0; boundary->inject.which != NULL && k < config->outputs; k++) {
        if (labrig_bit(boundary->inject.which, k)) {
            const uint16_t driver = (uint16_t)(config->inputs + k);
            labrig_hal_inject(driver, (int32_t)labrig_get_u32(current));
            set_driven(drivers, driver, true);
            current += 4;
        }
    }
}

void labrig_drivers_impose(struct labrig_drivers_state *drivers, const struct labrig_boundary *boundary)
{
    const struct labrig_config *config = drivers->config;
    release_unnamed(drivers, boundary);
    drive(drivers, &boundary->inputs, 0, config->inputs);
    drive(drivers, &boundary->clamps, config->inputs, config->outputs);
    nudge_toward(drivers, boundary);
    nudge_through(drivers, boundary);
    inject(drivers, boundary);
    drivers->inputs_known = true;
}

void labrig_drivers_refer(struct labrig_drivers_state *drivers, uint16_t output, uint32_t sum)
{
    drivers->reference[output] = sum;
}

void labrig_drivers_referred(struct labrig_drivers_state *drivers, uint8_t averages)
{
    drivers->reference_averages = averages;
    drivers->reference_known = true;
}

uint16_t labrig_drivers_count(const struct labrig_drivers_state *drivers)
{
    return labrig_bits_set(drivers->driven, labrig_drivers(drivers->config));
}
