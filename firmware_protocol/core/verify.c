/* VERIFY: branch by branch read, pulse and read again, until it is where it shall be or the bounds are met. */
#include <stddef.h>
#include <string.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "measure.h"
#include "packing.h"
#include "pulse.h"

#define RECORD_BYTES 8u
#define PULSES_AT 4u
#define REVERSALS_AT 6u
#define OUTCOME_AT 7u
#define MOST_BRANCHES ((LABRIG_MAX_PAYLOAD - LABRIG_VERIFY_REPLY_SIZE) / RECORD_BYTES)
#define LONGEST_MS 250u
#define STEPS_A_QUARTER_MS 25u /* of 10 us, in a quarter of a ms */
#define WIDTHS_A_STEP 1000u    /* of 10 ns in 10 us */
#define PART_BITS 29u          /* of a conductance times the drive resistor, behind the point */
#define PARTS_MOST (((uint64_t)1 << (PART_BITS + 4u)) - 1u)
#define TOLERANCE_BITS 14u

_Static_assert(sizeof(struct labrig_verify_request) == LABRIG_VERIFY_REQUEST_TARGETS_AT
                   && offsetof(struct labrig_verify_request, width) == LABRIG_VERIFY_REQUEST_WIDTH_AT
                   && offsetof(struct labrig_verify_request, amplitude) == LABRIG_VERIFY_REQUEST_AMPLITUDE_AT,
               "the request is kept as it is told");
_Static_assert(LABRIG_PER_FRACTION == 1ul << TOLERANCE_BITS, "tolerances are told in 2^-14");
_Static_assert(MOST_BRANCHES == 28u, "PROTOCOL.md says so");

uint32_t labrig_conductance(const struct labrig_seen *alone, const struct labrig_seen *all, uint32_t drive_mohm)
{
    const int64_t over = (int64_t)alone->dropped * all->others - (int64_t)all->dropped * alone->others;
    const int64_t under = (int64_t)alone->across * all->others - (int64_t)all->across * alone->others;
    if (under <= 0) {
        return LABRIG_UNREAD;
    }
    if (over <= 0) {
        return 0;
    }
    uint64_t parts = (uint64_t)over / (uint64_t)under, rest = (uint64_t)over % (uint64_t)under;
    if (parts >> (64u - PART_BITS) != 0) {
        parts = PARTS_MOST;
    }
    for (uint8_t bit = 0; bit < PART_BITS && parts < PARTS_MOST; bit++) {
        rest <<= 1;
        parts <<= 1;
        if (rest >= (uint64_t)under) {
            rest -= (uint64_t)under;
            parts |= 1u;
        }
    }
    parts = parts < PARTS_MOST ? parts : PARTS_MOST;
    const uint64_t scaled = (parts * 1000000u >> 9) * 1000000u / drive_mohm; /* nS in 2^-20 */
    const uint64_t found = (scaled + (1ul << 19)) >> 20;
    return found < LABRIG_UNREAD ? (uint32_t)found : LABRIG_UNREAD - 1u;
}

bool labrig_can_verify(const struct labrig_config *config)
{
    const uint32_t needed = LABRIG_FEATURE_PULSE | LABRIG_FEATURE_VERIFY | LABRIG_FEATURE_SOURCE_SENSE;
    return (config->features & needed) == needed && config->drive_mohm != 0 && config->branches != 0
        && config->branches == (uint32_t)config->inputs * config->outputs;
}

static bool ramp_possible(bool sets, const struct labrig_ramp *ramp)
{
    return ramp->start != 0 && ramp->start <= ramp->highest && labrig_amplitude_possible(sets, ramp->start)
        && labrig_amplitude_possible(sets, ramp->highest)
        && ramp->step % labrig_hal_pulse_range()->step_mv == 0;
}

static uint16_t magnitude(int16_t amplitude)
{
    return (uint16_t)(amplitude < 0 ? -(int32_t)amplitude : amplitude);
}

static bool possible(const struct labrig_verify_request *request, const struct labrig_board *board)
{
    const uint32_t waits = 4u * (uint32_t)request->settle + (request->width + WIDTHS_A_STEP - 1u) / WIDTHS_A_STEP;
    const struct labrig_ramp *ramp = request->amplitude < 0 ? &request->reset : &request->set;
    return request->averages >= 1 && request->averages <= LABRIG_MAX_AVERAGES && request->read != 0
        && request->read <= labrig_low_bits(board->config->dac_bits) && ramp_possible(true, &request->set)
        && ramp_possible(false, &request->reset) && labrig_width_possible(request->width)
        && waits < (uint32_t)board->heartbeat_ms * STEPS_A_QUARTER_MS && request->pulses <= request->most_pulses
        && request->reversals <= request->most_reversals && magnitude(request->amplitude) <= ramp->highest
        && labrig_amplitude_possible(request->amplitude > 0, magnitude(request->amplitude));
}

uint8_t labrig_verify(struct labrig_board *board)
{
    const struct labrig_request *asked = &board->asked;
    struct labrig_verify *verify = &board->pulses.verify;
    struct labrig_span span;
    if (!labrig_can_verify(board->config)) {
        return LABRIG_STATUS_UNKNOWN;
    }
    const uint8_t status = labrig_span_read(board, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    if (asked->length != (uint16_t)(LABRIG_VERIFY_REQUEST_SIZE + 4u * span.count) || span.count > MOST_BRANCHES) {
        return LABRIG_STATUS_LENGTH;
    }
    if (!board->armed) {
        return LABRIG_STATUS_NOT_ARMED;
    }
    memcpy(&verify->request, asked->payload, sizeof verify->request);
    if (!possible(&verify->request, board)) {
        return LABRIG_STATUS_RANGE;
    }
    verify->began_ms = (uint16_t)labrig_hal_milliseconds();
    verify->at = 0;
    verify->amplitude = 0;
    verify->phase = LABRIG_VERIFY_NEXT;
    return LABRIG_STATUS_OK;
}

static bool late(const struct labrig_board *board)
{
    const uint16_t busy_ms = (uint16_t)((uint16_t)labrig_hal_milliseconds() - board->pulses.verify.began_ms);
    return busy_ms >= LONGEST_MS || busy_ms >= board->heartbeat_ms / 4u;
}

static uint8_t put_reply(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    board->asked.reply[LABRIG_VERIFY_REPLY_TOLD_AT] = verify->at;
    labrig_put_u16(board->asked.reply + LABRIG_VERIFY_REPLY_AMPLITUDE_AT, (uint16_t)verify->amplitude);
    verify->phase = LABRIG_VERIFY_IDLE;
    return (uint8_t)(LABRIG_VERIFY_REPLY_SIZE + RECORD_BYTES * verify->at);
}

/* What has become of the present branch. */
static void tell(struct labrig_board *board, uint8_t outcome)
{
    struct labrig_verify *verify = &board->pulses.verify;
    uint8_t *record = board->asked.reply + LABRIG_VERIFY_REPLY_BRANCHES_AT + RECORD_BYTES * verify->at;
    labrig_put_u32(record, verify->found);
    labrig_put_u16(record + PULSES_AT, verify->pulses);
    record[REVERSALS_AT] = verify->reversals;
    record[OUTCOME_AT] = outcome;
    verify->at++;
}

static uint8_t finish(struct labrig_board *board)
{
    labrig_ground(&board->drivers);
    return put_reply(board);
}

static void begin_read(struct labrig_verify *verify)
{
    verify->state = 0;
    verify->readable = true;
    verify->phase = LABRIG_VERIFY_IMPOSE;
}

static uint8_t begin_branch(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    const struct labrig_verify_request *request = &verify->request;
    if (verify->at == request->count) {
        return finish(board);
    }
    const uint16_t branch = (uint16_t)(request->start + verify->at), outputs = board->config->outputs;
    verify->target = labrig_get_u32(board->asked.payload + LABRIG_VERIFY_REQUEST_TARGETS_AT + 4u * verify->at);
    const bool goes_on = verify->at == 0 && verify->target != 0;
    verify->found = verify->target != 0 ? LABRIG_UNREAD : 0;
    verify->pulses = goes_on ? request->pulses : 0;
    verify->reversals = goes_on ? request->reversals : 0;
    verify->amplitude = goes_on ? request->amplitude : 0;
    verify->pulsed = false;
    verify->input = (labrig_line)(branch / outputs);
    verify->output = (labrig_line)(board->config->inputs + branch % outputs);
    if (verify->target == 0) {
        tell(board, LABRIG_OUTCOME_UNTOUCHED);
    } else {
        begin_read(verify);
    }
    return 0;
}

static void impose(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    for (labrig_line driver = labrig_drivers(board->config); driver-- > 0;) {
        const bool reads = driver == verify->input || (verify->state != 0 && driver < board->config->inputs);
        labrig_hal_drive(driver, reads ? verify->request.read : 0);
    }
    labrig_drivers_all(&board->drivers);
    labrig_hal_settle(verify->request.settle);
    verify->seen[verify->state].others = 0;
    verify->channel = 0;
    verify->phase = LABRIG_VERIFY_SETTLE;
}

/* The next of the inputs, then the output, then the driver's side of it. True: that was the last one. */
static bool scan(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    const struct labrig_config *config = board->config;
    struct labrig_seen *seen = &verify->seen[verify->state];
    const labrig_line inputs = (labrig_line)config->inputs;
    labrig_line channel = verify->channel;
    if (channel >= inputs) {
        channel = channel == inputs ? verify->output : (labrig_line)(labrig_lines(config) + verify->output);
    }
    const uint8_t averages = verify->request.averages;
    const int32_t sum = (int32_t)labrig_convert(config, channel, averages);
    if (sum == (int32_t)averages * labrig_low_bits(config->adc_bits)) {
        verify->readable = false;
    }
    if (verify->channel == verify->input) {
        verify->own = sum;
    } else if (verify->channel < inputs) {
        seen->others += sum;
    } else if (verify->channel == inputs) {
        seen->across = verify->own - sum;
        /* Without any other input the second state says nothing, and counts for nothing. */
        seen->others = inputs > 1 ? seen->others - ((int32_t)inputs - 1) * sum : verify->state;
        seen->dropped = sum;
    } else {
        seen->dropped -= sum;
    }
    return verify->channel++ > inputs;
}

/* Whether the branch needs another pulse and may have it; else its outcome is told. */
static bool needs_pulse(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    const struct labrig_verify_request *request = &verify->request;
    const uint32_t found = verify->found, target = verify->target;
    if (found == LABRIG_UNREAD) {
        tell(board, LABRIG_OUTCOME_UNREADABLE);
        return false;
    }
    const uint32_t away = found > target ? found - target : target - found;
    if ((uint64_t)away << TOLERANCE_BITS <= (uint64_t)target * request->tolerance) {
        tell(board, LABRIG_OUTCOME_REACHED);
        return false;
    }
    const bool reversal = verify->amplitude != 0 && (verify->amplitude > 0) != (found < target);
    if (verify->pulses == request->most_pulses || (reversal && verify->reversals == request->most_reversals)) {
        tell(board, LABRIG_OUTCOME_MISSED);
        return false;
    }
    return true;
}

static uint8_t decide(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    verify->found = verify->readable
        ? labrig_conductance(&verify->seen[0], &verify->seen[1], board->config->drive_mohm)
        : LABRIG_UNREAD;
    verify->phase = LABRIG_VERIFY_NEXT;
    if (!needs_pulse(board)) {
        return late(board) ? finish(board) : 0;
    }
    if (verify->pulsed && late(board)) {
        tell(board, LABRIG_OUTCOME_UNDER_WAY);
        return finish(board);
    }
    verify->phase = LABRIG_VERIFY_PULSE;
    return 0;
}

static uint8_t look(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    if (!scan(board)) {
        return 0;
    }
    board->states++;
    if (verify->state == 0) {
        verify->state = 1;
        verify->phase = LABRIG_VERIFY_IMPOSE;
        return 0;
    }
    return decide(board);
}

static uint16_t grown(uint16_t before, const struct labrig_ramp *ramp)
{
    const uint32_t sum = (uint32_t)before + ramp->step;
    return sum < ramp->highest ? (uint16_t)sum : ramp->highest;
}

static void pulse(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    const struct labrig_verify_request *request = &verify->request;
    const bool sets = verify->found < verify->target, has = verify->amplitude != 0;
    const bool same = has && (verify->amplitude > 0) == sets;
    const struct labrig_ramp *ramp = sets ? &request->set : &request->reset;
    const uint16_t next = same ? grown(magnitude(verify->amplitude), ramp) : ramp->start;
    verify->reversals = (uint8_t)(verify->reversals + (has && !same));
    verify->amplitude = (int16_t)(sets ? (int32_t)next : -(int32_t)next);
    verify->pulses++;
    verify->pulsed = true;
    labrig_ground(&board->drivers);
    labrig_hal_pulse((uint16_t)(request->start + verify->at), verify->amplitude, request->width);
    verify->phase = LABRIG_VERIFY_PULSING;
}

uint8_t labrig_verify_step(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    switch (verify->phase) {
    case LABRIG_VERIFY_NEXT:
        return begin_branch(board);
    case LABRIG_VERIFY_IMPOSE:
        impose(board);
        return 0;
    case LABRIG_VERIFY_SETTLE:
        if (labrig_hal_settled()) {
            verify->phase = LABRIG_VERIFY_SCAN;
        }
        return 0;
    case LABRIG_VERIFY_SCAN:
        return look(board);
    case LABRIG_VERIFY_PULSE:
        pulse(board);
        return 0;
    default:
        if (labrig_hal_pulsed()) {
            begin_read(verify);
        }
        return 0;
    }
}

uint8_t labrig_verify_stop(struct labrig_board *board)
{
    struct labrig_verify *verify = &board->pulses.verify;
    if (verify->phase == LABRIG_VERIFY_IDLE) {
        return 0;
    }
    if (verify->phase != LABRIG_VERIFY_NEXT) {
        tell(board, LABRIG_OUTCOME_UNDER_WAY);
    }
    return put_reply(board);
}
