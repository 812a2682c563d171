#include "learn.h"

#include <stddef.h>
#include <string.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "measure.h"
#include "packing.h"

#define READING_BITS 16u
#define OFFSET_MAX 0x7FFFu
#define RATE_MAX 0x7Fu

_Static_assert(offsetof(struct labrig_learnt, unused)
                       == LABRIG_LEARN_REPLY_UNUSED_AT - LABRIG_LEARN_REPLY_STEPS_AT
                   && LABRIG_LEARN_REPLY_SIZE == LABRIG_LEARN_REPLY_STEPS_AT + sizeof(struct labrig_learnt)
                   && LABRIG_LEARN_REPLY_BOOT_COUNT_AT == LABRIG_DIGEST_REPLY_BOOT_COUNT_AT,
               "a reply is a digest's, and what is kept as it is told");
_Static_assert(sizeof(struct labrig_learn_request) == LABRIG_LEARN_REQUEST_BODY_AT
                   && offsetof(struct labrig_learn_request, law) == LABRIG_LEARN_REQUEST_LAW_AT
                   && offsetof(struct labrig_learn_request, boundaries) == LABRIG_LEARN_REQUEST_BOUNDARIES_AT,
               "the request is kept as it is told");

static bool fits_a_latent(uint32_t value)
{
    return (uint8_t)(value >> 24) == 0;
}

LABRIG_ONCE static bool possible(const struct labrig_learn_request *request, const struct labrig_config *config,
                                 uint16_t heartbeat_ms)
{
    const uint8_t shift = request->shift;
    return request->averages >= 1 && request->averages <= LABRIG_MAX_AVERAGES && request->steps != 0
        && request->rate <= RATE_MAX && ((uint8_t)(shift - 8u) & ~8u) == 0 && request->offset <= OFFSET_MAX
        && request->lowest >= config->code_min && request->lowest <= request->highest
        && request->highest <= config->code_max && fits_a_latent(request->law) && fits_a_latent(request->ceiling)
        && request->floor <= request->ceiling
        && request->boundaries != 0 && (request->boundaries & 1u) == 0
        && labrig_settles_within(request->settle, request->boundaries, heartbeat_ms);
}

/* A MEASURE of all drivers' lines, whose readings stay here. Returns the bits of their sums. */
LABRIG_ONCE static uint8_t prepare_states(struct labrig_board *board)
{
    struct labrig_measure *measure = &board->measure;
    measure->settle = board->learn.update.request.settle;
    measure->averages = board->learn.update.request.averages;
    measure->scan_start = 0;
    measure->scan_count = labrig_drivers(board->config);
    measure->channel = 0;
    measure->sum_bits = READING_BITS;
    measure->apart = sizeof(struct labrig_term) / sizeof(uint16_t);
    measure->scaled_from = labrig_sum_bits(board->config->adc_bits, measure->averages);
    return measure->scaled_from;
}

/* Where the readings of the present state go, one for each line. */
static uint16_t *readings(struct labrig_board *board)
{
    struct labrig_term *terms = board->drivers.terms;
    return (board->learn.imposed & 1u) == 0 ? (uint16_t *)&terms->pull : &terms->level;
}

/* The next one; behind the last one the first of another step. */
static void begin_state(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    if (learn->imposed == learn->update.request.boundaries) {
        learn->imposed = 0;
        board->measure.cursor = learn->body;
    }
    if ((learn->imposed & 1u) == 0) {
        learn->usable = true;
    }
    board->measure.boundaries = 1;
    board->measure.readings = (uint8_t *)readings(board);
    board->measure.phase = LABRIG_PHASE_IMPOSE;
}

uint8_t labrig_learn(struct labrig_board *board)
{
    const struct labrig_request *asked = &board->asked;
    struct labrig_learn *learn = &board->learn;
    struct labrig_learn_request *request = &learn->update.request;
    if (!labrig_can_learn(board->config)) {
        return LABRIG_STATUS_UNKNOWN;
    }
    if (asked->length < LABRIG_LEARN_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    if (!board->armed) {
        return LABRIG_STATUS_NOT_ARMED;
    }
    const uint8_t *from = asked->payload;
    uint8_t *to = (uint8_t *)request;
    for (uint8_t left = sizeof *request; left > 0; left--, to++, from++) {
        if (*to != *from) {
            learn->converted = false;
        }
        *to = *from;
    }
    learn->body.at = from;
    learn->body.end = asked->payload + asked->length;
    if (learn->loaded != board->config->branches || !possible(request, board->config, board->heartbeat_ms)) {
        return LABRIG_STATUS_RANGE;
    }
    /* References lie where terms do, so that a reading of 16 bits must be the sum that it is taken for. */
    const uint8_t refused = prepare_states(board) == READING_BITS ? 0 : LABRIG_SECTION_STORE;
    board->drivers.known &= LABRIG_SECTION_INPUTS;
    const uint8_t status = labrig_boundaries_check(&board->drivers, learn->body, request->boundaries, refused);
    if (status == LABRIG_STATUS_OK) {
        learn->began_ms = (uint16_t)labrig_hal_milliseconds();
        learn->update.learnt.steps = 0;
        learn->update.learnt.unused = 0;
        learn->busy = true;
        learn->imposed = request->boundaries;
        begin_state(board);
    }
    return status;
}

/* See whether the readings of a state are within their range. */
LABRIG_ONCE static void look_at_readings(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    const uint32_t all = (uint32_t)learn->update.request.averages * labrig_low_bits(board->config->adc_bits);
    const uint16_t top = (uint16_t)labrig_measure_scaled(&board->measure, all);
    const uint16_t *reading = readings(board);
    for (labrig_line line = 0; line < labrig_drivers(board->config); line++, reading += board->measure.apart) {
        if ((*reading == 0 || *reading == top) && !labrig_drivers_drives(&board->drivers, line)) {
            learn->usable = false;
        }
    }
    learn->imposed++;
}

/* What a sample brings. The codes follow with the last one of a step. */
LABRIG_ONCE static void update(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    struct labrig_update *update = &learn->update;
    if (!learn->usable) {
        memset(board->drivers.terms, 0, sizeof board->drivers.terms);
        update->learnt.unused++;
    }
    update->convert = LABRIG_CONVERT_NONE;
    if (learn->imposed == update->request.boundaries) { /* the last sample of a step */
        update->convert = learn->converted && learn->imposed == 2 ? LABRIG_CONVERT_MOVED : LABRIG_CONVERT_ALL;
        learn->converted = true;
        update->learnt.at_floor = 0;
        update->learnt.at_ceiling = 0;
        update->learnt.steps++;
    }
    board->digested = 0;
    board->digest = 0;
    labrig_update_all(board);
}

static uint8_t put_reply(struct labrig_board *board)
{
    (void)labrig_digest(board);
    memcpy(board->asked.reply + LABRIG_LEARN_REPLY_STEPS_AT, &board->learn.update.learnt,
           sizeof board->learn.update.learnt);
    board->learn.busy = false;
    return LABRIG_LEARN_REPLY_SIZE;
}

uint8_t labrig_learn_step(struct labrig_board *board, bool asked_else)
{
    struct labrig_learn *learn = &board->learn;
    look_at_readings(board);
    if ((learn->imposed & 1u) == 0) {
        update(board);
        if (learn->imposed == learn->update.request.boundaries) {
            const uint16_t busy_ms = (uint16_t)((uint16_t)labrig_hal_milliseconds() - learn->began_ms);
            const bool late = busy_ms >= board->heartbeat_ms / 2u;
            if (learn->update.learnt.steps == learn->update.request.steps || late || asked_else) {
                return put_reply(board);
            }
        }
    }
    begin_state(board);
    return 0;
}

void labrig_learn_stop(struct labrig_board *board)
{
    board->learn.busy = false;
    labrig_learn_forget(board);
}
