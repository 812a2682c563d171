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
    section->first = 0;
    section->lines = (labrig_line)config->inputs;
    if (kind != LABRIG_SECTION_INPUTS) {
        section->first = section->lines;
        section->lines = (labrig_line)config->outputs;
    }
    section->bytes = labrig_bitmap_size(section->lines);
    section->which = take(cursor, section->bytes);
    if (section->which == NULL) {
        return LABRIG_STATUS_LENGTH;
    }
    if (labrig_bits_beyond(section->which, section->lines)) {
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
    section->values = take(cursor, labrig_packed_size(labrig_bits_set(section->which, section->bytes), width));
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
    if ((*sections & ~ALL_SECTIONS) != 0 || ((*sections >> 3) & (uint8_t)~config->features & NUDGES) != 0) {
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
        uint8_t *named = boundary->named[kind != LABRIG_SECTION_INPUTS];
        for (uint8_t left = section.bytes; left > 0; left--) {
            const uint8_t more = *section.which++;
            boundary->drives |= more;
            twice |= *named & more;
            *named++ |= more;
        }
    }
    return twice != 0 ? LABRIG_STATUS_RANGE : LABRIG_STATUS_OK;
}
