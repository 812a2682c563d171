#include "drivers.h"

#include <stddef.h>
#include <string.h>

#include "labrig_protocol.h"
#include "packing.h"

#define SCALE_BITS 24u
#define FRACTION_BITS 14u

/* Long division, a bit at a time: the numerator has up to 48 bits before it is scaled. */
__attribute__((weak)) uint64_t labrig_nudge_scale(const struct labrig_config *config)
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
    const int32_t highest = labrig_low_bits(dac_bits);
    const int64_t from = (int64_t)(sum * scale) * ((1l << FRACTION_BITS) - fraction);
    const int64_t to = (int64_t)((uint32_t)target * averages) * fraction * (1l << SCALE_BITS);
    const int64_t half = (int64_t)averages << (SCALE_BITS + FRACTION_BITS - 1u);
    const uint64_t all = (uint64_t)(from + to + half);
    const int32_t averaged = (int32_t)(all >> 32) >> (SCALE_BITS + FRACTION_BITS - 32u); /* times the averages */
    if (averaged < 0) {
        return 0;
    }
    const int32_t code = averaged / averages;
    return (uint16_t)(code > highest ? highest : code);
}

void labrig_drivers_release(struct labrig_drivers_state *drivers)
{
    for (labrig_line driver = (labrig_line)labrig_drivers(drivers->config); driver-- > 0;) {
        labrig_hal_release(driver);
    }
    memset(drivers->driven, 0, sizeof drivers->driven);
    drivers->inputs_known = false;
    drivers->reference_known = false;
}

/* Release what is driven and not named any more; what is named will be driven. */
static void replace(uint8_t *driven, const uint8_t *named, labrig_line first, labrig_line lines)
{
    uint8_t rest = 0;
    for (labrig_line k = 0; k < lines; k++, rest >>= 1) {
        if ((k & 7u) == 0) {
            rest = (uint8_t)(*driven & ~*named);
            *driven++ = *named++;
        }
        if ((rest & 1u) != 0) {
            labrig_hal_release((uint16_t)(first + k));
        }
    }
}

static void drive(const struct labrig_drivers_state *drivers, uint8_t kind, const struct labrig_section *section)
{
    const uint8_t width = drivers->config->dac_bits;
    labrig_line place = 0;
    for (labrig_line k = 0; k < section->lines; k++) {
        if (!labrig_bit(section->which, k)) {
            continue;
        }
        const labrig_line driver = (labrig_line)(section->first + k);
        if (kind == LABRIG_SECTION_INJECT) {
            labrig_hal_inject(driver, (int32_t)labrig_get_u32(section->values + 4u * place++));
            continue;
        }
        uint16_t code = labrig_unpack(section->values, place++, width);
        if (kind == LABRIG_SECTION_THROUGH) {
            labrig_hal_drive_through(driver, code, labrig_get_u32(section->parameter));
            continue;
        }
        if (kind == LABRIG_SECTION_TOWARD) {
            code = labrig_nudge_code(drivers->reference[k], drivers->reference_averages,
                                     labrig_nudge_scale(drivers->config), (int16_t)labrig_get_u16(section->parameter),
                                     code, width);
        }
        labrig_hal_drive(driver, code);
    }
}

uint8_t labrig_drivers_impose(struct labrig_drivers_state *drivers, struct labrig_cursor *cursor)
{
    const struct labrig_config *config = drivers->config;
    struct labrig_boundary boundary;
    struct labrig_cursor sections = *cursor;
    (void)labrig_boundary_read(cursor, config, &boundary);
    if (boundary.inputs != NULL) {
        replace(drivers->driven[0], boundary.inputs, 0, (labrig_line)config->inputs);
    }
    replace(drivers->driven[1], boundary.outputs, (labrig_line)config->inputs, (labrig_line)config->outputs);
    sections.at++;
    for (uint8_t kind = 1; kind <= LABRIG_SECTION_INJECT; kind = (uint8_t)(kind << 1)) {
        struct labrig_section section;
        if ((boundary.sections & kind & ~LABRIG_SECTION_STORE) != 0) {
            (void)labrig_section_read(&sections, config, kind, &section);
            drive(drivers, kind, &section);
        }
    }
    drivers->inputs_known = true;
    return boundary.sections;
}

bool labrig_drivers_drives(const struct labrig_drivers_state *drivers, labrig_line driver)
{
    const labrig_line inputs = (labrig_line)drivers->config->inputs;
    return driver < inputs ? labrig_bit(drivers->driven[0], driver)
                           : labrig_bit(drivers->driven[1], (uint16_t)(driver - inputs));
}

uint16_t labrig_drivers_count(const struct labrig_drivers_state *drivers)
{
    return labrig_bits_set(drivers->driven[0], sizeof drivers->driven);
}
