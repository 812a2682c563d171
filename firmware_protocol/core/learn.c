#include "learn.h"

#include <stddef.h>
#include <string.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "measure.h"
#include "packing.h"

#define LATENT_TOP 0xFFFFFFul
#define READING_BITS 16u
#define SUM_BITS_MAX 20u
#define OFFSET_MAX 0x7FFFu

_Static_assert(offsetof(struct labrig_learnt, unused)
                       == LABRIG_LEARN_REPLY_UNUSED_AT - LABRIG_LEARN_REPLY_STEPS_AT
                   && LABRIG_LEARN_REPLY_SIZE == LABRIG_LEARN_REPLY_STEPS_AT + sizeof(struct labrig_learnt)
                   && LABRIG_LEARN_REPLY_BOOT_COUNT_AT == LABRIG_DIGEST_REPLY_BOOT_COUNT_AT,
               "a reply is a digest's, and what is kept as it is told");
_Static_assert(sizeof(struct labrig_learn_request) == LABRIG_LEARN_REQUEST_BODY_AT
                   && offsetof(struct labrig_learn_request, law) == LABRIG_LEARN_REQUEST_LAW_AT
                   && offsetof(struct labrig_learn_request, boundaries) == LABRIG_LEARN_REQUEST_BOUNDARIES_AT,
               "the request is kept as it is told");

LABRIG_ONCE static bool possible(const struct labrig_learn_request *request, const struct labrig_config *config,
                                 uint16_t heartbeat_ms)
{
    const uint8_t shift = request->shift;
    return request->averages >= 1 && request->averages <= LABRIG_MAX_AVERAGES && request->steps != 0
        && (shift & 7u) == 0 && shift >= 8 && shift <= 32 && request->offset <= OFFSET_MAX
        && request->lowest >= config->code_min && request->lowest <= request->highest
        && request->highest <= config->code_max && request->floor <= request->ceiling && request->ceiling <= LATENT_TOP
        && request->boundaries != 0 && (request->boundaries & 1u) == 0
        && labrig_settles_within(request->settle, request->boundaries, heartbeat_ms);
}

static bool in_free_state(const struct labrig_learn *learn)
{
    return (learn->imposed & 1u) == 0;
}

/* A MEASURE of all drivers' lines, whose readings stay here. */
LABRIG_ONCE static void begin_state(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    struct labrig_measure *measure = &board->measure;
    uint16_t *readings = board->drivers.readings[learn->imposed & 1u];
    if (in_free_state(learn)) {
        learn->row.usable = true;
    }
    memset(readings, 0, sizeof board->drivers.readings[0]);
    measure->settle = learn->row.request.settle;
    measure->averages = learn->row.request.averages;
    measure->scan_start = 0;
    measure->scan_count = labrig_drivers(board->config);
    measure->boundaries = 1;
    measure->cursor = learn->cursor;
    measure->channel = 0;
    measure->sum_bits = READING_BITS;
    measure->raise = (uint8_t)(SUM_BITS_MAX - labrig_sum_bits(board->config->adc_bits, measure->averages));
    measure->drop = SUM_BITS_MAX - READING_BITS;
    measure->store = false;
    measure->readings = (uint8_t *)readings;
    measure->length = 0;
    measure->phase = LABRIG_PHASE_IMPOSE;
    learn->phase = LABRIG_LEARN_STATE;
}

LABRIG_ONCE static void begin_step(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    learn->cursor = learn->body;
    learn->imposed = 0;
    learn->row.learnt.at_floor = 0;
    learn->row.learnt.at_ceiling = 0;
    begin_state(board);
}

uint8_t labrig_learn(struct labrig_board *board)
{
    const struct labrig_request *asked = &board->asked;
    struct labrig_learn *learn = &board->learn;
    if (!labrig_can_learn(board->config)) {
        return LABRIG_STATUS_UNKNOWN;
    }
    if (asked->length < LABRIG_LEARN_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    if (!board->armed) {
        return LABRIG_STATUS_NOT_ARMED;
    }
    memcpy(&learn->row.request, asked->payload, sizeof learn->row.request);
    learn->body.at = asked->payload + LABRIG_LEARN_REQUEST_BODY_AT;
    learn->body.end = asked->payload + asked->length;
    if (!possible(&learn->row.request, board->config, board->heartbeat_ms) || learn->loaded != board->config->branches) {
        return LABRIG_STATUS_RANGE;
    }
    /* No references: readings lie where they would. */
    const uint8_t status = labrig_boundaries_check(&board->drivers, learn->body, learn->row.request.boundaries, true,
                                                   LABRIG_SECTION_STORE | LABRIG_SECTION_TOWARD);
    if (status == LABRIG_STATUS_OK) {
        learn->began_ms = labrig_hal_milliseconds();
        learn->row.learnt.steps = 0;
        learn->row.learnt.unused = 0;
        board->drivers.known &= LABRIG_SECTION_INPUTS;
        begin_step(board);
    }
    return status;
}

static void begin_update(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    struct labrig_row *row = &learn->row;
    row->to = &board->drivers.readings[0][board->config->inputs];
    learn->line = 0;
    row->codes = board->image;
    row->high = learn->high;
    row->first = 0;
    row->outputs = (labrig_line)board->config->outputs;
    row->convert = LABRIG_CONVERT_NONE;
    board->digested = 0;
    board->digest = 0;
    if (learn->imposed == row->request.boundaries) { /* the last sample of a step */
        row->convert = row->learnt.steps != 0 && learn->imposed == 2 ? LABRIG_CONVERT_MOVED : LABRIG_CONVERT_ALL;
    }
    if (!row->usable) {
        row->learnt.unused++;
    }
    learn->phase = LABRIG_LEARN_UPDATE;
}

/* See whether the readings of a state are within their range. */
static void look_at_readings(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    const uint32_t all = (uint32_t)learn->row.request.averages * labrig_low_bits(board->config->adc_bits);
    const uint16_t top = (uint16_t)labrig_measure_scaled(&board->measure, all);
    const uint16_t *reading = board->drivers.readings[learn->imposed & 1u];
    for (labrig_line line = 0; line < labrig_drivers(board->config); line++, reading++) {
        if ((*reading == 0 || *reading == top) && !labrig_drivers_drives(&board->drivers, line)) {
            learn->row.usable = false;
        }
    }
    learn->cursor = board->measure.cursor;
    learn->imposed++;
    if (in_free_state(learn)) {
        begin_update(board);
    } else {
        begin_state(board);
    }
}

/* The branches of one input. The codes follow with the last sample of a step. */
static void update(struct labrig_board *board, bool asked_else)
{
    struct labrig_learn *learn = &board->learn;
    struct labrig_row *row = &learn->row;
    if (learn->line < board->config->inputs) {
        row->free = board->drivers.readings[0][learn->line];
        row->clamped = board->drivers.readings[1][learn->line];
        learn->line++;
        row->changed = 0;
        labrig_row_update(row);
        board->codes_written += row->changed;
        return;
    }
    if (row->convert == LABRIG_CONVERT_NONE) {
        begin_state(board);
        return;
    }
    row->learnt.steps++;
    const bool late = labrig_hal_milliseconds() - learn->began_ms >= board->heartbeat_ms / 2u;
    if (row->learnt.steps < row->request.steps && !late && !asked_else) {
        begin_step(board);
        return;
    }
    learn->phase = LABRIG_LEARN_IDLE;
}

static uint8_t put_reply(struct labrig_board *board)
{
    (void)labrig_digest(board);
    memcpy(board->asked.reply + LABRIG_LEARN_REPLY_STEPS_AT, &board->learn.row.learnt, sizeof board->learn.row.learnt);
    return LABRIG_LEARN_REPLY_SIZE;
}

uint8_t labrig_learn_step(struct labrig_board *board, bool asked_else)
{
    if (board->learn.phase == LABRIG_LEARN_STATE) {
        look_at_readings(board);
    } else {
        update(board, asked_else);
    }
    return board->learn.phase == LABRIG_LEARN_IDLE ? put_reply(board) : 0;
}

void labrig_learn_stop(struct labrig_board *board)
{
    board->learn.phase = LABRIG_LEARN_IDLE;
    labrig_learn_forget(board);
}
