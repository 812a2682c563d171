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
#define HALF_READING (1u << (SUM_BITS_MAX - READING_BITS - 1u))
#define OFFSET_MAX 0x7FFFu
#define CHANNELS_A_CALL 8u

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

LABRIG_ONCE static void begin_step(struct labrig_learn *learn)
{
    learn->cursor = learn->body;
    learn->imposed = 0;
    learn->row.learnt.at_floor = 0;
    learn->row.learnt.at_ceiling = 0;
    learn->phase = LABRIG_LEARN_IMPOSE;
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
        begin_step(learn);
    }
    return status;
}

/* The states. */

static bool in_free_state(const struct labrig_learn *learn)
{
    return (learn->imposed & 1u) == 0;
}

static void impose(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    (void)labrig_drivers_impose(&board->drivers, &learn->cursor);
    labrig_hal_settle(learn->row.request.settle);
    if (in_free_state(learn)) {
        learn->row.usable = true;
    }
    learn->line = 0;
    learn->phase = LABRIG_LEARN_SETTLE;
}

/* A sum of conversions in 16 bits, rounded where it has more. */
static uint16_t in_reading_bits(uint32_t sum, uint8_t bits)
{
    for (; bits < SUM_BITS_MAX; bits++) {
        sum <<= 1;
    }
    return (uint16_t)((sum + HALF_READING) >> (SUM_BITS_MAX - READING_BITS));
}

LABRIG_ONCE static void scan_line(struct labrig_board *board, labrig_line line)
{
    struct labrig_learn *learn = &board->learn;
    const struct labrig_config *config = board->config;
    const uint8_t averages = learn->row.request.averages;
    const uint32_t sum = labrig_convert(config, line, averages);
    if ((sum == 0 || sum == (uint32_t)averages * labrig_low_bits(config->adc_bits))
        && !labrig_drivers_drives(&board->drivers, line)) {
        learn->row.usable = false;
    }
    struct labrig_reading *reading = &board->drivers.readings[line];
    *(in_free_state(learn) ? &reading->free : &reading->clamped)
        = in_reading_bits(sum, labrig_sum_bits(config->adc_bits, averages));
}

static void begin_update(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    struct labrig_row *row = &learn->row;
    row->to = &board->drivers.readings[board->config->inputs];
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

static void scan(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    for (uint8_t n = CHANNELS_A_CALL; n > 0; n--) {
        if (learn->line == labrig_drivers(board->config)) {
            board->states++;
            learn->imposed++;
            learn->line = 0;
            learn->phase = LABRIG_LEARN_IMPOSE;
            if (in_free_state(learn)) {
                begin_update(board);
            }
            return;
        }
        scan_line(board, learn->line++);
    }
}

/* The branches of one input. The codes follow with the last sample of a step. */
static void update(struct labrig_board *board, bool asked_else)
{
    struct labrig_learn *learn = &board->learn;
    struct labrig_row *row = &learn->row;
    if (learn->line < board->config->inputs) {
        row->from = board->drivers.readings[learn->line++];
        row->changed = 0;
        labrig_row_update(row);
        board->codes_written += row->changed;
        return;
    }
    if (row->convert == LABRIG_CONVERT_NONE) {
        learn->phase = LABRIG_LEARN_IMPOSE;
        return;
    }
    row->learnt.steps++;
    const bool late = labrig_hal_milliseconds() - learn->began_ms >= board->heartbeat_ms / 2u;
    if (row->learnt.steps < row->request.steps && !late && !asked_else) {
        begin_step(learn);
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
    switch (board->learn.phase) {
    case LABRIG_LEARN_IMPOSE:
        impose(board);
        break;
    case LABRIG_LEARN_SETTLE:
        if (labrig_hal_settled()) {
            board->learn.phase = LABRIG_LEARN_SCAN;
        }
        break;
    case LABRIG_LEARN_SCAN:
        scan(board);
        break;
    case LABRIG_LEARN_UPDATE:
        update(board, asked_else);
        break;
    default:
        break;
    }
    return board->learn.phase == LABRIG_LEARN_IDLE ? put_reply(board) : 0;
}

void labrig_learn_stop(struct labrig_board *board)
{
    board->learn.phase = LABRIG_LEARN_IDLE;
    labrig_learn_forget(board);
}
