/* What is imposed on the lines, and the reference of nudges toward a target. */
#ifndef LABRIG_DRIVERS_H
#define LABRIG_DRIVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "boundary.h"
#include "labrig_hal.h"
#include "labrig_sizes.h"
#include "nudge.h"
#include "update.h"

struct labrig_drivers_state {
    const struct labrig_config *config;
    struct labrig_nudge nudge;                 /* `averages` are those of the reference */
    uint8_t known; /* LABRIG_SECTION_INPUTS: a boundary without inputs has something to mean; _STORE: there is a reference */
    uint8_t driven[2][LABRIG_BITMAP_BYTES];     /* inputs, outputs: a bit for each that is not released */
    union {
        uint32_t reference[LABRIG_MAX_LINES];  /* by line: of outputs, sum of the readings of the stored state */
        struct labrig_term terms[LABRIG_MAX_LINES]; /* by line, during LEARN */
    };
};

/* Nothing is driven. */
void labrig_drivers_begin(struct labrig_drivers_state *drivers, const struct labrig_config *config);

/* Release every driver and forget inputs and reference. */
void labrig_drivers_release(struct labrig_drivers_state *drivers);

/* Impose the boundary at the cursor, which has been checked, and move the cursor behind it; a line that it does not name
 * is released. Returns its sections. */
uint8_t labrig_drivers_impose(struct labrig_drivers_state *drivers, struct labrig_cursor *cursor);

/* Note that no driver is released any more. */
void labrig_drivers_all(struct labrig_drivers_state *drivers);

/* Whether a driver is not released, and how many are not. */
bool labrig_drivers_drives(const struct labrig_drivers_state *drivers, labrig_line driver);
uint16_t labrig_drivers_count(const struct labrig_drivers_state *drivers);

#endif
