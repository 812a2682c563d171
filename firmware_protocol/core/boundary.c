#include "boundary.h"

#include <stddef.h>
#include <string.h>

#include "labrig_protocol.h"
#include "packing.h"

#define CURRENT_BITS 32u
#define ALL_SECTIONS (2u * LABRIG_SECTION_INJECT - 1u)
#define NUDGES (LABRIG_FEATURE_NUDGE_TOWARD | LABRIG_FEATURE_NUDGE_THROUGH | LABRIG_FEATURE_INJECT)

_Static_assert(LABRIG_SECTION_TOWARD == LABRIG_FEATURE_NUDGE_TOWARD << 3
                   && LABRIG_SECTION_THROUGH == LABRIG_FEATURE_NUDGE_THROUGH << 3
                   && LABRIG_SECTION_INJECT == LABRIG_FEATURE_INJECT << 3,
               "the sections that need a feature lie as the features do");

LABRIG_ONCE static const uint8_t *take(struct labrig_cursor *cursor, uint16_t count)
{
    const uint8_t *at = cursor->at;
    if ((uint16_t)(cursor->end - at) < count) {
        return NULL;
    }
    cursor->at += count;
    return at;
}

static bool possible(const struct labrig_config *config, const uint8_t *conductance)
{
    const uint32_t nanosiemens = labrig_get_u32(conductance);
    return nanosiemens >= config->through_min_ns && nanosiemens <= config->through_max_ns;
}

uint8_t labrig_section_read(struct labrig_cursor *cursor, const struct labrig_config *config, uint8_t kind,
                            struct labrig_section *section)
{
    const bool inputs = kind == LABRIG_SECTION_INPUTS;
    const labrig_line lines = (labrig_line)(inputs ? config->inputs : config->outputs);
    const uint8_t bytes = labrig_bitmap_size(lines);
    section->first = (labrig_line)(inputs ? 0 : config->inputs);
    section->lines = lines;
    section->which = take(cursor, bytes);
    if (section->which == NULL) {
        return LABRIG_STATUS_LENGTH;
    }
    if (labrig_bits_beyond(section->which, lines)) {
        return LABRIG_STATUS_RANGE;
    }
    section->parameter = take(cursor, kind == LABRIG_SECTION_TOWARD ? 2 : kind == LABRIG_SECTION_THROUGH ? 4 : 0);
    if (section->parameter == NULL) {
        return LABRIG_STATUS_LENGTH;
    }
    if (kind == LABRIG_SECTION_THROUGH && !possible(config, section->parameter)) {
        return LABRIG_STATUS_RANGE;
    }
    const uint8_t width = kind == LABRIG_SECTION_INJECT ? CURRENT_BITS : config->dac_bits;
    section->values = take(cursor, labrig_packed_size(labrig_bits_set(section->which, bytes), width));
    return section->values == NULL ? LABRIG_STATUS_LENGTH : LABRIG_STATUS_OK;
}

uint8_t labrig_boundary_read(struct labrig_cursor *cursor, const struct labrig_config *config,
                             struct labrig_boundary *boundary)
{
    uint8_t twice = 0;
    memset(boundary, 0, sizeof *boundary);
    const uint8_t *sections = take(cursor, 1);
    if (sections == NULL) {
        return LABRIG_STATUS_LENGTH;
    }
    boundary->sections = *sections;
    if ((*sections & ~ALL_SECTIONS) != 0 || ((*sections >> 3) & ~config->features & NUDGES) != 0) {
        return LABRIG_STATUS_RANGE;
    }
    for (uint8_t kind = 1; kind <= LABRIG_SECTION_INJECT; kind = (uint8_t)(kind << 1)) {
        struct labrig_section section;
        if ((*sections & kind & ~LABRIG_SECTION_STORE) == 0) {
            continue;
        }
        const uint8_t status = labrig_section_read(cursor, config, kind, &section);
        if (status != LABRIG_STATUS_OK) {
            return status;
        }
        for (uint8_t k = 0; k < labrig_bitmap_size(section.lines); k++) {
            const uint8_t more = section.which[k];
            boundary->drives = boundary->drives || more != 0;
            if (kind != LABRIG_SECTION_INPUTS) {
                twice = (uint8_t)(twice | (boundary->outputs[k] & more));
                boundary->outputs[k] = (uint8_t)(boundary->outputs[k] | more);
            }
        }
        if (kind == LABRIG_SECTION_INPUTS) {
            boundary->inputs = section.which;
        }
    }
    return twice != 0 ? LABRIG_STATUS_RANGE : LABRIG_STATUS_OK;
}
