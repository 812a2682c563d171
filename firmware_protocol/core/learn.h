/* LEARN: the contrastive rule, or with nudges the coupled one, carried out by the board on the latents that it holds, a state or
 * an update a call. */
#ifndef LABRIG_LEARN_H
#define LABRIG_LEARN_H

#include <stdbool.h>
#include <stdint.h>

#include "boundary.h"
#include "labrig_sizes.h"
#include "update.h"

struct labrig_learn {
    bool busy;                   /* a LEARN is carried out */
    struct labrig_update update; /* with what is asked for */
    struct labrig_cursor body;   /* all boundaries */
    uint16_t began_ms; /* modulo 2^16: a LEARN is over by then */
    uint16_t loaded;  /* latents that were written, in order; all of them: LEARN may begin */
    uint8_t imposed;  /* boundaries of this step */
    bool usable;      /* the readings of this sample; else no latent moves */
    bool converted;   /* the codes are those of the latents by what is asked for */
    uint16_t high[LABRIG_MAX_BRANCHES]; /* upper 16 bits of the latents; the lower eight lie above the codes */
};

#endif
