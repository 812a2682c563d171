/* LEARN: the contrastive rule carried out by the board on the latents that it holds, one small step a call. */
#ifndef LABRIG_LEARN_H
#define LABRIG_LEARN_H

#include <stdbool.h>
#include <stdint.h>

#include "boundary.h"
#include "labrig_sizes.h"
#include "row.h"

enum labrig_learn_phase {
    LABRIG_LEARN_IDLE,
    LABRIG_LEARN_STATE,  /* is being measured */
    LABRIG_LEARN_UPDATE, /* of the rows */
};

struct labrig_learn {
    uint8_t phase;
    struct labrig_row row;             /* with what is asked for */
    struct labrig_cursor body, cursor; /* all boundaries; behind the one that is imposed */
    uint32_t began_ms;
    uint16_t loaded;    /* latents that were written, in order; all of them: LEARN may begin */
    uint8_t imposed;    /* boundaries of this step */
    labrig_line line;   /* whose row is next to be updated */
    uint16_t high[LABRIG_MAX_BRANCHES]; /* of the latents; see row.h */
};

#endif
