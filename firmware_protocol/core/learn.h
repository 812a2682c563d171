/* LEARN: the contrastive rule carried out by the board on the latents that it holds, one small step a call.
 *
 * A latent is a conductance of 24 bits; its wiper's code follows from it. Its upper 16 bits lie here, its lower eight
 * above the code in the board's image, so that a branch takes four bytes altogether. */
#ifndef LABRIG_LEARN_H
#define LABRIG_LEARN_H

#include <stdbool.h>
#include <stdint.h>

#include "boundary.h"
#include "labrig_sizes.h"

#ifndef LABRIG_MAX_LATENTS
#define LABRIG_MAX_LATENTS LABRIG_MAX_BRANCHES
#endif

enum labrig_learn_phase {
    LABRIG_LEARN_IDLE,
    LABRIG_LEARN_IMPOSE,
    LABRIG_LEARN_SETTLE,
    LABRIG_LEARN_SCAN,
    LABRIG_LEARN_UPDATE,
    LABRIG_LEARN_DIGEST,
};

/* What a LEARN asks for, as PROTOCOL.md has it. */
struct labrig_learn_request {
    uint16_t settle, steps, rate, offset;
    uint8_t averages, shift, lowest, highest, boundaries;
    uint32_t law, floor, ceiling;
};

struct labrig_learn {
    uint8_t phase;
    struct labrig_learn_request request;
    struct labrig_cursor body, cursor; /* all boundaries; behind the one that is imposed */
    uint8_t *reply;
    uint32_t began_ms;
    uint16_t done;        /* steps */
    uint16_t place;       /* next line to be scanned, row to be updated, or code to be digested */
    uint8_t imposed;      /* boundaries of this step */
    bool usable;          /* no reading of this sample is at the end of its range */
    uint16_t at_floor, at_ceiling, unused;
    uint16_t loaded;      /* latents that were written, in order; all of them: LEARN may begin */
    uint32_t digest;
    uint16_t high[LABRIG_MAX_LATENTS];
};

/* What a latent is weighed with to see whether it reaches a code; PROTOCOL.md, "Learning". */
uint16_t labrig_learn_weight(uint16_t offset, uint8_t code);

/* The code of a latent, found from a code near it. */
uint8_t labrig_learn_code(const struct labrig_learn_request *request, uint32_t latent, uint8_t code);

/* How far a latent moves where the readings a and b stand for |a * a - b * b|. */
uint32_t labrig_learn_change(const struct labrig_learn_request *request, uint16_t a, uint16_t b);

#endif
