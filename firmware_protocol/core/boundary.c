#include "boundary.h"

#include <stddef.h>

#include "labrig_protocol.h"
#include "packing.h"

#define CURRENT_BITS 32u
#define ALL_SECTIONS                                                                                                   \
    (LABRIG_SECTION_INPUTS | LABRIG_SECTION_STORE | LABRIG_SECTION_CLAMPS | LABRIG_SECTION_TOWARD                      \
     | LABRIG_SECTION_THROUGH | LABRIG_SECTION_INJECT)

static const uint8_t *take(struct labrig_cursor *cursor, uint32_t count)
{
    if ((uint32_t)(cursor->end - cursor->at) < count) {
        return NULL;
    }
    const uint8_t *at = cursor->at;
    cursor->at += count;
    return at;
}

static uint8_t read_which(struct labrig_cursor *cursor, uint16_t lines, struct labrig_lines_section *section)
{
    section->which = take(cursor, labrig_packed_size(lines, 1));
    if (section->which == NULL) {
        return LABRIG_STATUS_LENGTH;
    }
    return labrig_bits_beyond(section->which, lines) ? LABRIG_STATUS_RANGE : LABRIG_STATUS_OK;
}

static uint8_t read_values(struct labrig_cursor *cursor, uint16_t lines, uint8_t width,
                           struct labrig_lines_section *section)
{
    section->values = take(cursor, labrig_packed_size(labrig_bits_set(section->which, lines), width));
    return section->values == NULL ? LABRIG_STATUS_LENGTH : LABRIG_STATUS_OK;
}

static uint8_t read_fraction(struct labrig_cursor *cursor, struct labrig_boundary *boundary)
{
    const uint8_t *at = take(cursor, 2);
    if (at == NULL) {
        return LABRIG_STATUS_LENGTH;
    }
    boundary->fraction = (int16_t)labrig_get_u16(at);
    return LABRIG_STATUS_OK;
}

static uint8_t read_conductance(struct labrig_cursor *cursor, const struct labrig_config *config,
                                struct labrig_boundary *boundary)
{
    const uint8_t *at = take(cursor, 4);
    if (at == NULL) {
        return LABRIG_STATUS_LENGTH;
    }
    boundary->conductance_ns = labrig_get_u32(at);
    const bool possible = boundary->conductance_ns >= config->through_min_ns
        && boundary->conductance_ns <= config->through_max_ns;
    return possible ? LABRIG_STATUS_OK : LABRIG_STATUS_RANGE;
}

static bool capable(uint8_t sections, uint32_t features)
{
    return (sections & ~ALL_SECTIONS) == 0
        && ((sections & LABRIG_SECTION_TOWARD) == 0 || (features & LABRIG_FEATURE_NUDGE_TOWARD) != 0)
        && ((sections & LABRIG_SECTION_THROUGH) == 0 || (features & LABRIG_FEATURE_NUDGE_THROUGH) != 0)
        && ((sections & LABRIG_SECTION_INJECT) == 0 || (features & LABRIG_FEATURE_INJECT) != 0);
}

/* Whether two of clamps, toward, through and inject name the same output. */
static bool contradictory(const struct labrig_boundary *boundary, uint16_t outputs)
{
    const uint8_t *const maps[] = {boundary->clamps.which, boundary->toward.which, boundary->through.which,
                                   boundary->inject.which};
    for (uint16_t byte = 0; byte < labrig_packed_size(outputs, 1); byte++) {
        uint8_t seen = 0;
        for (uint8_t k = 0; k < 4; k++) {
            if (maps[k] == NULL) {
                continue;
            }
            if ((seen & maps[k][byte]) != 0) {
                return true;
            }
            seen = (uint8_t)(seen | maps[k][byte]);
        }
    }
    return false;
}

static uint8_t read_sections(struct labrig_cursor *cursor, const struct labrig_config *config,
                             struct labrig_boundary *boundary)
{
    uint8_t status = LABRIG_STATUS_OK;
    const uint16_t outputs = config->outputs;
    if ((boundary->sections & LABRIG_SECTION_INPUTS) != 0) {
        status = read_which(cursor, config->inputs, &boundary->inputs);
        status = status ? status : read_values(cursor, config->inputs, config->dac_bits, &boundary->inputs);
    }
    if (status == LABRIG_STATUS_OK && (boundary->sections & LABRIG_SECTION_CLAMPS) != 0) {
        status = read_which(cursor, outputs, &boundary->clamps);
        status = status ? status : read_values(cursor, outputs, config->dac_bits, &boundary->clamps);
    }
    if (status == LABRIG_STATUS_OK && (boundary->sections & LABRIG_SECTION_TOWARD) != 0) {
        status = read_which(cursor, outputs, &boundary->toward);
        status = status ? status : read_fraction(cursor, boundary);
        status = status ? status : read_values(cursor, outputs, config->dac_bits, &boundary->toward);
    }
    if (status == LABRIG_STATUS_OK && (boundary->sections & LABRIG_SECTION_THROUGH) != 0) {
        status = read_which(cursor, outputs, &boundary->through);
        status = status ? status : read_conductance(cursor, config, boundary);
        status = status ? status : read_values(cursor, outputs, config->dac_bits, &boundary->through);
    }
    if (status == LABRIG_STATUS_OK && (boundary->sections & LABRIG_SECTION_INJECT) != 0) {
        status = read_which(cursor, outputs, &boundary->inject);
        status = status ? status : read_values(cursor, outputs, CURRENT_BITS, &boundary->inject);
    }
    return status;
}

uint8_t labrig_boundary_read(struct labrig_cursor *cursor, const struct labrig_config *config,
                             struct labrig_boundary *boundary)
{
    *boundary = (struct labrig_boundary){0};
    const uint8_t *sections = take(cursor, 1);
    if (sections == NULL) {
        return LABRIG_STATUS_LENGTH;
    }
    boundary->sections = *sections;
    if (!capable(boundary->sections, config->features)) {
        return LABRIG_STATUS_RANGE;
    }
    const uint8_t status = read_sections(cursor, config, boundary);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    return contradictory(boundary, config->outputs) ? LABRIG_STATUS_RANGE : LABRIG_STATUS_OK;
}

bool labrig_boundary_drives(const struct labrig_boundary *boundary, const struct labrig_config *config)
{
    const struct labrig_lines_section *const outputs[] = {&boundary->clamps, &boundary->toward, &boundary->through,
                                                          &boundary->inject};
    for (uint8_t k = 0; k < 4; k++) {
        if (outputs[k]->which != NULL && labrig_bits_set(outputs[k]->which, config->outputs) != 0) {
            return true;
        }
    }
    return boundary->inputs.which != NULL && labrig_bits_set(boundary->inputs.which, config->inputs) != 0;
}
