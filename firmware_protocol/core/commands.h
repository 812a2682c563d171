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

#ifdef LABRIG_MEMRISTORS
/* Whether this board has pulses; whether it has VERIFY too: its branches are a crossbar behind drive resistors. */
bool labrig_can_pulse(const struct labrig_config *config);
bool labrig_can_verify(const struct labrig_config *config);

/* Whether a request of this type is about wipers, and there are none. */
bool labrig_is_wipers(const struct labrig_config *config, uint8_t type);

/* The range of pulses as HELLO tells it, LABRIG_PULSES_TOLD bytes where there are any; returns how many. */
uint8_t labrig_pulses_told(const struct labrig_config *config, uint8_t *to);

/* Check a PULSE or a VERIFY; where it is good, begin with it. The payloads of request and reply must stay until it is over. */
uint8_t labrig_pulse(struct labrig_board *board);
uint8_t labrig_verify(struct labrig_board *board);

/* Whether one is carried out; one small part of it, and the length of the reply, once it is over. */
bool labrig_pulses_busy(const struct labrig_board *board);
uint8_t labrig_pulses_step(struct labrig_board *board);
uint8_t labrig_verify_step(struct labrig_board *board);

/* Give it up, wherever it is; everything has been released. Returns the length of the reply, which tells how far it got. */
uint8_t labrig_pulses_stop(struct labrig_board *board);
uint8_t labrig_verify_stop(struct labrig_board *board);

/* Drive all lines to 0 V. */
void labrig_ground(struct labrig_drivers_state *drivers);
#endif

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
