/* The branches of one input while the board learns: how their latents move, and which codes follow from them. */
#ifndef LABRIG_ROW_H
#define LABRIG_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "labrig_hal.h"
#include "told.h"

/* What a LEARN asks for, as it is told. */
struct LABRIG_AS_TOLD labrig_learn_request {
    uint16_t settle;
    uint8_t averages;
    uint16_t steps;
    uint8_t rate, shift;
    uint32_t law;
    uint16_t offset;
    uint8_t lowest, highest;
    uint32_t floor, ceiling;
    uint8_t boundaries;
};

/* What a LEARN has come to, as it is told: whole steps, latents that the last one brought back into their bounds, samples
 * that moved nothing. */
struct LABRIG_AS_TOLD labrig_learnt {
    uint16_t steps, at_floor, at_ceiling, unused;
};

/* Of which latents the bounds and the code are looked at. A latent that has not moved since they were can be left. */
enum labrig_convert { LABRIG_CONVERT_NONE, LABRIG_CONVERT_MOVED, LABRIG_CONVERT_ALL };

/* A latent is a conductance of 24 bits; its wiper's code follows from it. Its upper 16 bits lie in `high`, its lower eight
 * above the code in `codes`, so that a branch takes four bytes altogether. */
struct labrig_row {
    struct labrig_learn_request request;
    const uint16_t *to;              /* free readings of the outputs; LABRIG_MAX_LINES behind each its clamped one */
    uint16_t *codes, *high;          /* of the branches, in the order of the outputs */
    uint16_t free, clamped;          /* readings of the input */
    labrig_line outputs;
    bool usable; /* else no latent moves */
    uint8_t convert;
    struct labrig_learnt learnt;
    uint16_t first;                /* branch */
    uint8_t changed;               /* codes, counted */
};

/* Move and convert the latents of a row, send the codes that change to the chips, and turn to the next row. A target may
 * have a faster one in place of the core's. */
void labrig_row_update(struct labrig_row *row);

/* One of `codes` has changed. */
void labrig_row_send(struct labrig_row *row, const uint16_t *code);

/* What a latent is weighed with to see whether it reaches a code; PROTOCOL.md, "Learning". */
uint16_t labrig_row_weight(uint16_t offset, uint8_t code);

/* The code of a latent, found from a code near it. */
uint8_t labrig_row_code(const struct labrig_learn_request *request, uint32_t latent, uint8_t code);

/* How far a latent moves where the readings a and b stand for |a * a - b * b|. */
uint32_t labrig_row_change(const struct labrig_learn_request *request, uint16_t a, uint16_t b);

#endif
