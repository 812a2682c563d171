/* One boundary of a MEASURE, as views into the request's payload. */
#ifndef LABRIG_BOUNDARY_H
#define LABRIG_BOUNDARY_H

#include <stdbool.h>
#include <stdint.h>

#include "labrig_hal.h"
#include "labrig_sizes.h"

#define LABRIG_BITMAP_BYTES ((LABRIG_MAX_LINES + 7u) / 8u)

struct labrig_cursor {
    const uint8_t *at;
    const uint8_t *end;
};

/* Lines that are named, and a packed value for each of them. */
struct labrig_section {
    labrig_line first, lines;  /* drivers that may be named */
    uint8_t bytes;             /* of a bitmap over them */
    const uint8_t *which;
    const uint8_t *parameter;  /* a fraction or a conductance */
    const uint8_t *values;
};

/* Read the section at the cursor, which `kind`, a LABRIG_SECTION, says is there, and move the cursor behind it. Returns a
 * LABRIG_STATUS. */
uint8_t labrig_section_read(struct labrig_cursor *cursor, const struct labrig_config *config, uint8_t kind,
                            struct labrig_section *section);

/* Which lines a boundary drives. */
struct labrig_boundary {
    uint8_t sections;
    uint8_t drives; /* 0: no line */
    uint8_t named[2][LABRIG_BITMAP_BYTES]; /* inputs, outputs: all that a section names */
};

/* Read the boundary at the cursor and move the cursor behind it. Returns a LABRIG_STATUS. */
uint8_t labrig_boundary_read(struct labrig_cursor *cursor, const struct labrig_config *config,
                             struct labrig_boundary *boundary);

#endif
