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
    labrig_receiver_reset(&board->receiver);
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
    while (labrig_ring_get(&board->ring, &byte) || labrig_transmit(board, &byte)) {
    }
    labrig_receiver_reset(&board->receiver);
}

static void send(struct labrig_board *board, uint8_t *body)
{
    const uint8_t size = (uint8_t)(LABRIG_HEADER_SIZE + body[LABRIG_HEADER_LEN_AT] + LABRIG_CRC_SIZE);
    labrig_cobs_begin(&board->sending, body, size);
}

static void send_scratch(struct labrig_board *board, uint8_t length, uint8_t type, uint8_t flags)
{
    const uint8_t seq = board->receiver.body[LABRIG_HEADER_SEQ_AT];
    (void)labrig_frame_seal(board->scratch, length, type, seq, flags);
    send(board, board->scratch);
}

static uint8_t reply_type(const struct labrig_board *board)
{
    return (uint8_t)(board->receiver.body[LABRIG_HEADER_TYPE_AT] | LABRIG_REPLY_BIT);
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
    const uint8_t seq = board->receiver.body[LABRIG_HEADER_SEQ_AT];
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

static void note_fault(struct labrig_board *board, uint8_t status)
{
    if (status != LABRIG_STATUS_OK) {
        board->fault = status;
    }
}

/* The expected request has been carried out, or cut off, and its slot has been written to: answer with the slot. */
static void answer_kept(struct labrig_board *board, uint8_t status, uint8_t *slot, uint8_t length)
{
    const uint8_t seq = board->receiver.body[LABRIG_HEADER_SEQ_AT];
    note_fault(board, status);
    (void)labrig_frame_seal(slot, length, reply_type(board), seq, status);
    send(board, slot);
    labrig_session_answered(&board->session, status, true);
}

/* The expected request has been carried out or refused: answer it, and remember the answer. */
static void answer(struct labrig_board *board, uint8_t status, uint8_t *slot, uint8_t length)
{
    if (length != 0) {
        answer_kept(board, status, slot, length);
        return;
    }
    note_fault(board, status);
    send_scratch(board, 0, reply_type(board), status);
    labrig_session_answered(&board->session, status, false);
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
    answer(board, status, slot, length);
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
            labrig_session_open(&board->session, (uint8_t)(board->receiver.body[LABRIG_HEADER_SEQ_AT] + 1u));
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
    const uint8_t *body = board->receiver.body;
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

/* Take bytes up to the end of the next good frame. */
static bool next_frame(struct labrig_board *board)
{
    uint8_t byte;
    while (labrig_ring_get(&board->ring, &byte)) {
        switch (labrig_receiver_byte(&board->receiver, byte)) {
        case LABRIG_RECEIVED_FRAME:
            return true;
        case LABRIG_RECEIVED_DAMAGED:
            board->frames_bad++;
            break;
        default:
            break;
        }
    }
    return false;
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
        answer_kept(board, LABRIG_STATUS_NOT_ARMED, board->slot, 0);
    }
}

static void continue_measure(struct labrig_board *board)
{
    board->states += labrig_measure_step(&board->measure, &board->drivers);
    if (board->measure.phase == LABRIG_PHASE_IDLE) {
        answer(board, LABRIG_STATUS_OK, board->slot, board->measure.length);
    }
}

bool labrig_poll(struct labrig_board *board)
{
    bool busy = true;
    if (labrig_cobs_busy(&board->sending)) {
        busy = false; /* until the reply has left */
    } else if (board->measure.phase != LABRIG_PHASE_IDLE) {
        continue_measure(board);
    } else if (next_frame(board)) {
        dispatch(board);
    } else {
        busy = false;
    }
    check_heartbeat(board);
    return busy;
}
