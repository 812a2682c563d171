#include "drivers.h"

#include <stddef.h>
#include <string.h>

#include "labrig_protocol.h"
#include "packing.h"

void labrig_drivers_begin(struct labrig_drivers_state *drivers, const struct labrig_config *config)
{
    drivers->config = config;
    drivers->nudge.dac_bits = config->dac_bits;
    labrig_nudge_scale(config, drivers->nudge.scale);
    labrig_drivers_release(drivers);
}

void labrig_drivers_release(struct labrig_drivers_state *drivers)
{
    for (labrig_line driver = (labrig_line)labrig_drivers(drivers->config); driver-- > 0;) {
        labrig_hal_release(driver);
    }
    memset(drivers->driven, 0, sizeof drivers->driven);
    drivers->known = 0;
}

/* Release what is driven and not named any more; what is named will be driven. */
static void replace(uint8_t *driven, const uint8_t *named, labrig_line first, labrig_line lines)
{
    for (uint8_t bytes = labrig_bitmap_size(lines); bytes > 0; bytes--, first = (labrig_line)(first + 8u)) {
        labrig_line driver = first;
        for (uint8_t rest = (uint8_t)(*driven & ~*named); rest != 0; rest >>= 1, driver++) {
            if ((rest & 1u) != 0) {
                labrig_hal_release(driver);
            }
        }
        *driven++ = *named++;
    }
}

static void drive(struct labrig_drivers_state *drivers, uint8_t kind, const struct labrig_section *section, labrig_line k,
                  labrig_line place)
{
    const labrig_line driver = (labrig_line)(section->first + k);
    if (kind == LABRIG_SECTION_INJECT) {
        labrig_hal_inject(driver, (int32_t)labrig_get_u32(section->values + 4u * place));
        return;
    }
    const uint8_t width = drivers->nudge.dac_bits;
    uint16_t code = width == 16u ? labrig_get_u16(section->values + 2u * place) : labrig_unpack(section->values, place, width);
    if (kind == LABRIG_SECTION_THROUGH) {
        labrig_hal_drive_through(driver, code, labrig_get_u32(section->parameter));
        return;
    }
    if (kind == LABRIG_SECTION_TOWARD) {
        drivers->nudge.fraction = (int16_t)labrig_get_u16(section->parameter);
        code = labrig_nudge_code(&drivers->nudge, drivers->reference[driver], code);
    }
    labrig_hal_drive(driver, code);
}

static void drive_all(struct labrig_drivers_state *drivers, uint8_t kind, const struct labrig_section *section)
{
    const uint8_t *which = section->which;
    labrig_line place = 0;
    uint8_t rest = 0;
    for (labrig_line k = 0; k < section->lines; k++, rest >>= 1) {
        if ((k & 7u) == 0) {
            rest = *which++;
        }
        if ((rest & 1u) != 0) {
            drive(drivers, kind, section, k, place++);
        }
    }
}

uint8_t labrig_drivers_impose(struct labrig_drivers_state *drivers, struct labrig_cursor *cursor)
{
    const struct labrig_config *config = drivers->config;
    struct labrig_boundary boundary;
    struct labrig_cursor sections = *cursor;
    (void)labrig_boundary_read(cursor, config, &boundary);
    if ((boundary.sections & LABRIG_SECTION_INPUTS) != 0) {
        replace(drivers->driven[0], boundary.named[0], 0, (labrig_line)config->inputs);
    }
    replace(drivers->driven[1], boundary.named[1], (labrig_line)config->inputs, (labrig_line)config->outputs);
    sections.at++;
    for (uint8_t kind = 1; kind <= LABRIG_SECTION_INJECT; kind = (uint8_t)(kind << 1)) {
        struct labrig_section section;
        if ((boundary.sections & kind & ~LABRIG_SECTION_STORE) != 0) {
            (void)labrig_section_read(&sections, config, kind, &section);
            drive_all(drivers, kind, &section);
        }
    }
    drivers->known |= LABRIG_SECTION_INPUTS;
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

void labrig_drivers_all(struct labrig_drivers_state *drivers)
{
    const struct labrig_config *config = drivers->config;
    const uint16_t lines[2] = {config->inputs, config->outputs};
    for (uint8_t kind = 0; kind < 2; kind++) {
        for (uint16_t k = 0; k < lines[kind]; k++) {
            uint8_t *byte = &drivers->driven[kind][k >> 3];
            *byte = (uint8_t)(*byte | labrig_bit_mask((uint8_t)k));
        }
    }
    drivers->known |= LABRIG_SECTION_INPUTS;
}
