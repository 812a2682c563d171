/* What each request does. A handler gets what board->asked holds of it, returns a LABRIG_STATUS, writes its reply's
 * payload, if any, to `reply`, and sets `answered`, which is 0 before. Requests that carry nothing do so. */
#ifndef LABRIG_COMMANDS_H
#define LABRIG_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

uint8_t labrig_write(struct labrig_board *board);
uint8_t labrig_write_sparse(struct labrig_board *board);
uint8_t labrig_apply(struct labrig_board *board);
uint8_t labrig_digest(struct labrig_board *board);
uint8_t labrig_read(struct labrig_board *board);
uint8_t labrig_latent_write(struct labrig_board *board);
uint8_t labrig_latent_read(struct labrig_board *board);
uint8_t labrig_arm(struct labrig_board *board);

/* Requests outside a session. */
uint8_t labrig_hello(struct labrig_board *board);
uint8_t labrig_identify(struct labrig_board *board);
uint8_t labrig_status(struct labrig_board *board);

/* The branches that WRITE, READ, LATENT_WRITE and LATENT_READ begin with. Returns a LABRIG_STATUS. */
struct labrig_span {
    uint16_t start;
    uint8_t count;
};
uint8_t labrig_span_read(const struct labrig_board *board, struct labrig_span *span);

/* The digest of all codes, brought up to date. */
uint32_t labrig_image_digest(struct labrig_board *board);

/* Whether this board has LEARN: it is told to, its branches are a crossbar, and their latents fit. */
bool labrig_can_learn(const struct labrig_config *config);

/* Check a MEASURE; where it is good, begin with it. The payloads of request and reply must stay until it is over. */
uint8_t labrig_measure(struct labrig_board *board);

/* Check a LEARN; where it is good, begin with it. The payloads of request and reply must stay until it is over. */
uint8_t labrig_learn(struct labrig_board *board);

/* One small part of a step; once all is done the phase is idle, and this returns the length of the reply. It ends early
 * with the step in which the host has `asked_else`, or half the heartbeat has passed. */
uint8_t labrig_learn_step(struct labrig_board *board, bool asked_else);

/* Move and convert the latents of all branches by the readings in board->drivers.terms, and send the codes that change to the
 * chips. A latent is a conductance of 24 bits, and its wiper's code follows from it. A target may have a faster one in place
 * of the core's. */
void labrig_update_all(struct labrig_board *board);

/* Give up a LEARN: its latents are forgotten, the codes stay as they are. */
void labrig_learn_stop(struct labrig_board *board);

/* The codes are about to be written otherwise: forget the latents. */
void labrig_learn_forget(struct labrig_board *board);

#endif
