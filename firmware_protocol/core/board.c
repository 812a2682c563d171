#include "board.h"

#include <stddef.h>
#include <string.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "packing.h"

void labrig_start(struct labrig_board *board, const struct labrig_config *config, uint32_t boot_count)
{
    memset(board, 0, sizeof *board);
    board->config = config;
    board->boot_count = boot_count;
    board->started_ms = labrig_hal_milliseconds();
    board->heartbeat_ms = LABRIG_HEARTBEAT_MS;
    labrig_drivers_begin(&board->drivers, config);
    labrig_inbox_begin(&board->inbox);
    for (uint16_t k = 0; k < config->branches; k++) {
        board->image[k] = labrig_hal_read_wiper(k);
    }
}

void labrig_make_safe(struct labrig_board *board)
{
    board->armed = false;
    labrig_drivers_release(&board->drivers);
}

void labrig_line_lost(struct labrig_board *board)
{
    uint8_t byte;
    while (labrig_transmit(board, &byte)) {
    }
    labrig_inbox_forget(&board->inbox, board->request != NULL);
}

/* Counts are where STATUS tells them, and not aligned. */
LABRIG_ONCE static void count(labrig_count *counter, uint8_t more)
{
    *counter += more;
}

static void send(struct labrig_board *board, uint8_t *body)
{
    labrig_cobs_begin(&board->sending, body, labrig_frame_size(body));
}

/* Answer the request with a body whose payload is there; its type is the request's with these bits. */
LABRIG_ONCE static void reply(struct labrig_board *board, uint8_t *body, uint8_t length, uint8_t bits, uint8_t status)
{
    const uint8_t *request = board->request;
    (void)labrig_frame_seal(body, length, request[LABRIG_HEADER_TYPE_AT] | bits, request[LABRIG_HEADER_SEQ_AT], status);
    send(board, body);
}

_Static_assert(LABRIG_TYPE_NAK == 0xFFu, "a NAK has every bit");

static void send_scratch(struct labrig_board *board, uint8_t length, uint8_t status)
{
    reply(board, board->scratch, length, LABRIG_REPLY_BIT, status);
}

static void refuse(struct labrig_board *board)
{
    uint8_t *payload = board->scratch + LABRIG_HEADER_SIZE;
    payload[LABRIG_NAK_REPLY_CODE_AT] = LABRIG_STATUS_SEQUENCE;
    payload[LABRIG_NAK_REPLY_EXPECTED_AT] = board->session.expected;
    labrig_put_u32(payload + LABRIG_NAK_REPLY_BOOT_COUNT_AT, board->boot_count);
    reply(board, board->scratch, LABRIG_NAK_REPLY_SIZE, LABRIG_TYPE_NAK, LABRIG_STATUS_SEQUENCE);
}

static void answer_again(struct labrig_board *board)
{
    const uint8_t seq = board->request[LABRIG_HEADER_SEQ_AT];
    const uint8_t outcome = labrig_session_outcome(&board->session, seq);
    if ((outcome & LABRIG_WITH_DATA) == 0) {
        send_scratch(board, 0, outcome);
        return;
    }
    uint8_t *kept = labrig_session_kept(&board->session, seq);
    if (kept == NULL) {
        refuse(board);
        return;
    }
    send(board, kept);
}

/* The expected request has been carried out or refused, or cut off: remember that, and answer when the reply before
 * has left. A reply with data is in the session's slot, and so is every reply to what has written there. */
LABRIG_ONCE static void conclude(struct labrig_board *board, uint8_t status)
{
    struct labrig_request *asked = &board->asked;
    if (status != LABRIG_STATUS_OK) {
        board->fault = status;
    }
    asked->status = status;
    asked->kept = asked->answered != 0;
    asked->concluded = true;
}

static void answer(struct labrig_board *board)
{
    const struct labrig_request *asked = &board->asked;
    if (asked->kept) {
        reply(board, labrig_session_slot(&board->session), asked->answered, LABRIG_REPLY_BIT, asked->status);
    } else {
        send_scratch(board, 0, asked->status);
    }
    labrig_session_answered(&board->session, asked->status, asked->kept);
}

/* Whether a request of this type carries nothing. */
static bool empty(uint8_t type)
{
    return type == LABRIG_TYPE_STATUS || type == LABRIG_TYPE_IDENTIFY || type == LABRIG_TYPE_DIGEST
        || type == LABRIG_TYPE_SAFE || type == LABRIG_TYPE_HEARTBEAT;
}

LABRIG_ONCE static uint8_t ping(struct labrig_board *board)
{
    struct labrig_request *asked = &board->asked;
    memcpy(asked->reply, asked->payload, asked->length);
    asked->answered = asked->length;
    return LABRIG_STATUS_OK;
}

LABRIG_ONCE static uint8_t safe(struct labrig_board *board)
{
    labrig_make_safe(board);
    return LABRIG_STATUS_OK;
}

LABRIG_ONCE static uint8_t carried_out(struct labrig_board *board, uint8_t type)
{
    if (empty(type) && board->asked.length != 0) {
        return LABRIG_STATUS_LENGTH;
    }
#ifdef LABRIG_MEMRISTORS
    if (labrig_is_wipers(board->config, type)) {
        return LABRIG_STATUS_UNKNOWN;
    }
#endif
    switch (type) {
    case LABRIG_TYPE_HELLO:
        return labrig_hello(board);
    case LABRIG_TYPE_IDENTIFY:
        return labrig_identify(board);
    case LABRIG_TYPE_STATUS:
        return labrig_status(board);
    case LABRIG_TYPE_PING:
        return ping(board);
    case LABRIG_TYPE_WRITE:
        return labrig_write(board);
    case LABRIG_TYPE_WRITE_SPARSE:
        return labrig_write_sparse(board);
    case LABRIG_TYPE_APPLY:
        return labrig_apply(board);
    case LABRIG_TYPE_DIGEST:
        return labrig_digest(board);
    case LABRIG_TYPE_READ:
        return labrig_read(board);
    case LABRIG_TYPE_MEASURE:
        return labrig_measure(board);
    case LABRIG_TYPE_LEARN:
        return labrig_learn(board);
    case LABRIG_TYPE_LATENT_WRITE:
        return labrig_latent_write(board);
    case LABRIG_TYPE_LATENT_READ:
        return labrig_latent_read(board);
#ifdef LABRIG_MEMRISTORS
    case LABRIG_TYPE_PULSE:
        return labrig_pulse(board);
    case LABRIG_TYPE_VERIFY:
        return labrig_verify(board);
#endif
    case LABRIG_TYPE_SAFE:
        return safe(board);
    case LABRIG_TYPE_ARM:
        return labrig_arm(board);
    case LABRIG_TYPE_HEARTBEAT:
        return LABRIG_STATUS_OK;
    default:
        return LABRIG_STATUS_UNKNOWN;
    }
}

#ifndef LABRIG_MEMRISTORS
static bool labrig_pulses_busy(const struct labrig_board *board)
{
    (void)board;
    return false;
}

static uint8_t labrig_pulses_step(struct labrig_board *board)
{
    (void)board;
    return 0;
}

static uint8_t labrig_pulses_stop(struct labrig_board *board)
{
    (void)board;
    return 0;
}
#endif

LABRIG_ONCE static bool working(const struct labrig_board *board)
{
    return board->measure.phase != LABRIG_PHASE_IDLE || board->learn.busy || labrig_pulses_busy(board);
}

/* How a request stands to the session. Some are answered outside it; an echo is not, because that could go on for ever. */
enum { OUTSIDE = LABRIG_ORDER_REFUSED + 1, ECHO };

static uint8_t order_of(const struct labrig_board *board, uint8_t type)
{
    if ((type & LABRIG_REPLY_BIT) != 0) {
        return ECHO;
    }
    if (type == LABRIG_TYPE_HELLO || type == LABRIG_TYPE_IDENTIFY || type == LABRIG_TYPE_STATUS) {
        return OUTSIDE;
    }
    return (uint8_t)labrig_session_order(&board->session, board->request[LABRIG_HEADER_SEQ_AT]);
}

static void carry_out(struct labrig_board *board, uint8_t type, uint8_t order)
{
    struct labrig_request *asked = &board->asked;
    uint8_t *const slot = order == OUTSIDE ? board->scratch : labrig_session_slot(&board->session);
    asked->payload = board->request + LABRIG_HEADER_SIZE;
    asked->length = board->request[LABRIG_HEADER_LEN_AT];
    asked->reply = slot + LABRIG_HEADER_SIZE;
    asked->answered = 0;
    const uint8_t status = carried_out(board, type);
    if (order == OUTSIDE) {
        reply(board, slot, asked->answered, LABRIG_REPLY_BIT, status);
    } else if (!working(board)) { /* else answered once that is done */
        conclude(board, status);
    }
}

/* Begin with the oldest request, if there is one. While a reply is on its way only the next one of the session can be
 * carried out, because it writes to its slot alone and is answered later: what leaves must stay as it is. */
static bool next_request(struct labrig_board *board)
{
    board->request = labrig_inbox_oldest(&board->inbox);
    if (board->request == NULL) {
        return false;
    }
    const uint8_t type = board->request[LABRIG_HEADER_TYPE_AT];
    const uint8_t order = order_of(board, type);
    if (labrig_cobs_busy(&board->sending)
        && (order != LABRIG_ORDER_NEXT || board->sending.data == labrig_session_slot(&board->session))) {
        board->request = NULL;
        return false;
    }
    if (order == ECHO) {
        count(&board->frames_bad, 1);
        return true;
    }
    count(&board->frames_good, 1);
    if (order == LABRIG_ORDER_REFUSED) {
        refuse(board);
        return true;
    }
    if (order != OUTSIDE) {
        board->fed_ms = labrig_hal_milliseconds();
    }
    if (order == LABRIG_ORDER_AGAIN) {
        answer_again(board);
    } else {
        carry_out(board, type, order);
    }
    return true;
}

/* Modulo 256 they are counted where bytes arrive. */
static void count_losses(struct labrig_board *board)
{
    const uint8_t damaged = board->inbox.damaged, overruns = board->inbox.overruns;
    count(&board->frames_bad, (uint8_t)(damaged - board->damaged_seen));
    count(&board->overruns, (uint8_t)(overruns - board->overruns_seen));
    board->damaged_seen = damaged;
    board->overruns_seen = overruns;
}

/* The host has been silent for too long. A request that waits in the ring is carried out first, because it did
 * arrive: see labrig_poll. */
static void check_heartbeat(struct labrig_board *board)
{
    if (!board->armed || labrig_hal_milliseconds() - board->fed_ms < board->heartbeat_ms) {
        return;
    }
    labrig_make_safe(board);
    board->heartbeat_expired++;
    if (working(board)) {
        if (board->learn.busy) {
            labrig_learn_stop(board);
        }
        board->measure.phase = LABRIG_PHASE_IDLE;
        board->asked.answered = labrig_pulses_stop(board);
        conclude(board, LABRIG_STATUS_NOT_ARMED);
        board->asked.kept = true; /* what its slot held before is lost */
    }
}

/* One step of a MEASURE or a LEARN, or of what gives pulses. */
static void continue_work(struct labrig_board *board)
{
    if (board->measure.phase != LABRIG_PHASE_IDLE) {
        count(&board->states, labrig_measure_step(&board->measure, &board->drivers));
        board->asked.answered = board->measure.length;
    } else if (labrig_pulses_busy(board)) {
        board->asked.answered = labrig_pulses_step(board);
    } else {
        board->asked.answered = labrig_learn_step(board, labrig_inbox_another(&board->inbox));
    }
    if (!working(board)) {
        conclude(board, LABRIG_STATUS_OK);
    }
}

bool labrig_poll(struct labrig_board *board)
{
    bool busy = true;
    if (working(board)) {
        continue_work(board);
    } else if (board->request == NULL) {
        count_losses(board);
        busy = next_request(board);
    } else if (board->asked.concluded && labrig_cobs_busy(&board->sending)) {
        busy = false; /* until the reply before has left */
    } else {
        if (board->asked.concluded) {
            answer(board);
            board->asked.concluded = false;
        }
        board->request = NULL;
        labrig_inbox_done(&board->inbox);
    }
    check_heartbeat(board);
    return busy;
}
