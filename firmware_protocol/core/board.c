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
    labrig_inbox_begin(&board->inbox);
    labrig_drivers_begin(&board->drivers, config);
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

static void send(struct labrig_board *board, uint8_t *body)
{
    labrig_cobs_begin(&board->sending, body, labrig_frame_size(body));
}

static void send_scratch(struct labrig_board *board, uint8_t length, uint8_t type, uint8_t flags)
{
    const uint8_t seq = board->request[LABRIG_HEADER_SEQ_AT];
    (void)labrig_frame_seal(board->scratch, length, type, seq, flags);
    send(board, board->scratch);
}

static uint8_t reply_type(const struct labrig_board *board)
{
    return (uint8_t)(board->request[LABRIG_HEADER_TYPE_AT] | LABRIG_REPLY_BIT);
}

static void refuse(struct labrig_board *board)
{
    uint8_t *payload = board->scratch + LABRIG_HEADER_SIZE;
    payload[LABRIG_NAK_REPLY_CODE_AT] = LABRIG_STATUS_SEQUENCE;
    payload[LABRIG_NAK_REPLY_EXPECTED_AT] = board->session.expected;
    labrig_put_u32(payload + LABRIG_NAK_REPLY_BOOT_COUNT_AT, board->boot_count);
    send_scratch(board, LABRIG_NAK_REPLY_SIZE, LABRIG_TYPE_NAK, LABRIG_STATUS_SEQUENCE);
}

static void answer_again(struct labrig_board *board)
{
    const uint8_t seq = board->request[LABRIG_HEADER_SEQ_AT];
    if (!labrig_session_had_data(&board->session, seq)) {
        send_scratch(board, 0, reply_type(board), labrig_session_status(&board->session, seq));
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
 * has left. A reply with data is in `slot`, and so is every reply to what has written there. */
static void conclude(struct labrig_board *board, uint8_t status, uint8_t *slot, uint8_t length, bool kept)
{
    if (status != LABRIG_STATUS_OK) {
        board->fault = status;
    }
    board->outcome = (struct labrig_outcome){
        .known = true,
        .kept = kept,
        .status = status,
        .length = length,
        .slot = slot,
    };
}

static void answer(struct labrig_board *board)
{
    const struct labrig_outcome *outcome = &board->outcome;
    if (outcome->kept) {
        const uint8_t seq = board->request[LABRIG_HEADER_SEQ_AT];
        (void)labrig_frame_seal(outcome->slot, outcome->length, reply_type(board), seq, outcome->status);
        send(board, outcome->slot);
    } else {
        send_scratch(board, 0, reply_type(board), outcome->status);
    }
    labrig_session_answered(&board->session, outcome->status, outcome->kept);
    board->outcome.known = false;
}

static uint8_t begin_measure(struct labrig_board *board, const struct labrig_request *request)
{
    return labrig_measure_begin(&board->measure, &board->drivers, request->payload, request->length,
                                board->armed ? board->heartbeat_ms : 0, request->reply);
}

static void carry_out(struct labrig_board *board, uint8_t type, struct labrig_request request)
{
    uint8_t *slot = labrig_session_slot(&board->session);
    uint8_t length = 0;
    uint8_t status = LABRIG_STATUS_UNKNOWN;
    request.reply = slot + LABRIG_HEADER_SIZE;
    board->fed_ms = labrig_hal_milliseconds();
    switch (type) {
    case LABRIG_TYPE_PING:
        status = labrig_ping(board, &request, &length);
        break;
    case LABRIG_TYPE_WRITE:
        status = labrig_write(board, &request);
        break;
    case LABRIG_TYPE_WRITE_SPARSE:
        status = labrig_write_sparse(board, &request);
        break;
    case LABRIG_TYPE_APPLY:
        status = labrig_apply(board, &request, &length);
        break;
    case LABRIG_TYPE_DIGEST:
        status = labrig_digest(board, &request, &length);
        break;
    case LABRIG_TYPE_READ:
        status = labrig_read(board, &request, &length);
        break;
    case LABRIG_TYPE_MEASURE:
        status = begin_measure(board, &request);
        if (status == LABRIG_STATUS_OK) {
            board->slot = slot;
            return; /* answered once the last boundary is scanned */
        }
        break;
    case LABRIG_TYPE_LEARN:
        status = labrig_learn(board, &request);
        if (status == LABRIG_STATUS_OK) {
            board->slot = slot;
            return; /* answered once the last step is done */
        }
        break;
    case LABRIG_TYPE_LATENT_WRITE:
        status = labrig_latent_write(board, &request);
        break;
    case LABRIG_TYPE_LATENT_READ:
        status = labrig_latent_read(board, &request, &length);
        break;
    case LABRIG_TYPE_SAFE:
        status = labrig_safe(board, &request);
        break;
    case LABRIG_TYPE_ARM:
        status = labrig_arm(board, &request);
        break;
    case LABRIG_TYPE_HEARTBEAT:
        status = labrig_heartbeat(&request);
        break;
    default:
        break;
    }
    conclude(board, status, slot, length, length != 0);
}

static bool outside_session(struct labrig_board *board, uint8_t type, struct labrig_request request)
{
    uint8_t length = 0;
    uint8_t status;
    request.reply = board->scratch + LABRIG_HEADER_SIZE;
    switch (type) {
    case LABRIG_TYPE_HELLO:
        status = labrig_hello(board, &request, &length);
        if (status == LABRIG_STATUS_OK) {
            labrig_session_open(&board->session, (uint8_t)(board->request[LABRIG_HEADER_SEQ_AT] + 1u));
        }
        break;
    case LABRIG_TYPE_IDENTIFY:
        status = labrig_identify(board, &request, &length);
        break;
    case LABRIG_TYPE_STATUS:
        status = labrig_status(board, &request, &length);
        break;
    default:
        return false;
    }
    send_scratch(board, length, (uint8_t)(type | LABRIG_REPLY_BIT), status);
    return true;
}

static void dispatch(struct labrig_board *board)
{
    const uint8_t *body = board->request;
    const uint8_t type = body[LABRIG_HEADER_TYPE_AT];
    const struct labrig_request request = {
        .payload = body + LABRIG_HEADER_SIZE,
        .length = body[LABRIG_HEADER_LEN_AT],
    };
    if ((type & LABRIG_REPLY_BIT) != 0) {
        board->frames_bad++; /* an echo: answering it could go on for ever */
        return;
    }
    board->frames_good++;
    if (outside_session(board, type, request)) {
        return;
    }
    switch (labrig_session_order(&board->session, body[LABRIG_HEADER_SEQ_AT])) {
    case LABRIG_ORDER_NEXT:
        carry_out(board, type, request);
        break;
    case LABRIG_ORDER_AGAIN:
        board->fed_ms = labrig_hal_milliseconds();
        answer_again(board);
        break;
    default:
        refuse(board);
        break;
    }
}

/* Whether a request can be carried out while a reply is on its way: what leaves must stay as it is. A request of the
 * session writes to its slot alone, and is answered later. */
static bool beside_reply(struct labrig_board *board)
{
    const uint8_t type = board->request[LABRIG_HEADER_TYPE_AT];
    const bool free = type == LABRIG_TYPE_HELLO || type == LABRIG_TYPE_IDENTIFY || type == LABRIG_TYPE_STATUS;
    return !free && (type & LABRIG_REPLY_BIT) == 0 && board->sending.data != labrig_session_slot(&board->session)
        && labrig_session_order(&board->session, board->request[LABRIG_HEADER_SEQ_AT]) == LABRIG_ORDER_NEXT;
}

static void finish_request(struct labrig_board *board)
{
    board->request = NULL;
    labrig_inbox_done(&board->inbox);
}

/* Begin with the oldest request, if there is one and it need not wait. */
static bool next_request(struct labrig_board *board)
{
    board->request = labrig_inbox_oldest(&board->inbox);
    if (board->request != NULL && labrig_cobs_busy(&board->sending) && !beside_reply(board)) {
        board->request = NULL;
    }
    if (board->request == NULL) {
        return false;
    }
    dispatch(board);
    return true;
}

/* Modulo 256 they are counted where bytes arrive. */
static void count_losses(struct labrig_board *board)
{
    const uint8_t damaged = board->inbox.damaged, overruns = board->inbox.overruns;
    board->frames_bad += (uint8_t)(damaged - board->damaged_seen);
    board->overruns += (uint8_t)(overruns - board->overruns_seen);
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
    if (board->measure.phase != LABRIG_PHASE_IDLE) {
        board->measure.phase = LABRIG_PHASE_IDLE;
        conclude(board, LABRIG_STATUS_NOT_ARMED, board->slot, 0, true);
    }
    if (board->learn.phase != LABRIG_LEARN_IDLE) {
        labrig_learn_stop(board);
        conclude(board, LABRIG_STATUS_NOT_ARMED, board->slot, 0, true);
    }
}

static void continue_measure(struct labrig_board *board)
{
    board->states += labrig_measure_step(&board->measure, &board->drivers);
    if (board->measure.phase == LABRIG_PHASE_IDLE) {
        conclude(board, LABRIG_STATUS_OK, board->slot, board->measure.length, board->measure.length != 0);
    }
}

static void continue_learn(struct labrig_board *board)
{
    const uint8_t length = labrig_learn_step(board, labrig_inbox_another(&board->inbox));
    if (board->learn.phase == LABRIG_LEARN_IDLE) {
        conclude(board, LABRIG_STATUS_OK, board->slot, length, true);
    }
}

bool labrig_poll(struct labrig_board *board)
{
    bool busy = true;
    count_losses(board);
    if (board->measure.phase != LABRIG_PHASE_IDLE) {
        continue_measure(board);
    } else if (board->learn.phase != LABRIG_LEARN_IDLE) {
        continue_learn(board);
    } else if (board->request == NULL) {
        busy = next_request(board);
    } else if (board->outcome.known && labrig_cobs_busy(&board->sending)) {
        busy = false; /* until the reply before has left */
    } else {
        if (board->outcome.known) {
            answer(board);
        }
        finish_request(board);
    }
    check_heartbeat(board);
    return busy;
}
