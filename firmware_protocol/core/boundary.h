/* One boundary of a MEASURE, as views into the request's payload. */
#ifndef LABRIG_BOUNDARY_H
#define LABRIG_BOUNDARY_H

#include <stdbool.h>
#include <stdint.h>

#include "labrig_hal.h"

struct labrig_cursor {
    const uint8_t *at;
    const uint8_t *end;
};

/* Lines that are named, and a packed value for each of them. NULL: the section is absent. */
struct labrig_lines_section {
    const uint8_t *which;
    const uint8_t *values;
};

struct labrig_boundary {
    uint8_t sections;
    struct labrig_lines_section inputs, clamps, toward, through, inject;
    int16_t fraction;
    uint32_t conductance_ns;
};

/* Read the boundary at the cursor and move the cursor behind it. Returns a LABRIG_STATUS. */
uint8_t labrig_boundary_read(struct labrig_cursor *cursor, const struct labrig_config *config,
                             struct labrig_boundary *boundary);

/* Whether the boundary names any line to be driven. */
bool labrig_boundary_drives(const struct labrig_boundary *boundary, const struct labrig_config *config);

#endif
