/* How latents move once a free and a clamped state were read, and which codes follow from them. */
#ifndef LABRIG_UPDATE_H
#define LABRIG_UPDATE_H

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

/* A line in both states of a sample. First its two readings lie here, the free one in place of `pull`. */
struct labrig_term {
    int16_t pull;   /* how much more it reads while free */
    uint16_t level; /* what it reads on average, times the rate */
};

/* Of which latents the bounds and the code are looked at. One that has not moved since they were can be left. */
enum labrig_convert { LABRIG_CONVERT_NONE, LABRIG_CONVERT_MOVED, LABRIG_CONVERT_ALL };

struct labrig_update {
    struct labrig_learn_request request;
    struct labrig_learnt learnt;
    uint8_t convert;
};

/* From the readings of so many lines to their terms. */
void labrig_update_prepare(uint8_t rate, labrig_line lines, struct labrig_term *terms);

/* How far the latent of a branch moves. */
int32_t labrig_update_change(const struct labrig_learn_request *request, const struct labrig_term *input,
                             const struct labrig_term *output);

/* The code of a latent, found from a code near it. */
uint8_t labrig_update_code(const struct labrig_learn_request *request, uint32_t latent, uint8_t code);

#endif
