/* WRITE, WRITE_SPARSE, APPLY, DIGEST and READ. */
#include <string.h>

#include "commands.h"
#include "digest.h"
#include "labrig_protocol.h"
#include "packing.h"

LABRIG_ONCE static bool there(const struct labrig_board *board, uint16_t start, uint16_t count)
{
    const uint16_t branches = board->config->branches;
    return start <= branches && count <= branches - start;
}

uint8_t labrig_span_read(const struct labrig_board *board, struct labrig_span *span)
{
    if (board->asked.length < LABRIG_WRITE_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    span->start = labrig_get_u16(board->asked.payload + LABRIG_WRITE_REQUEST_START_AT);
    span->count = board->asked.payload[LABRIG_WRITE_REQUEST_COUNT_AT];
    return there(board, span->start, span->count) ? LABRIG_STATUS_OK : LABRIG_STATUS_RANGE;
}

/* Before any of them is written: a request is carried out as a whole or not at all. The codes are the rest of it. */
static uint8_t check_codes(const struct labrig_board *board, uint8_t before, uint16_t count)
{
    const struct labrig_config *config = board->config;
    const uint8_t width = config->code_bits;
    if (board->asked.length != before + labrig_packed_size(count, width)) {
        return LABRIG_STATUS_LENGTH;
    }
    const bool all = config->code_min == 0 && config->code_max == labrig_low_bits(width);
    if (all || labrig_codes_within(board->asked.payload + before, (uint8_t)count, width, config->code_min, config->code_max)) {
        return LABRIG_STATUS_OK;
    }
    return LABRIG_STATUS_RANGE;
}

/* The image holds the codes already. The digest covers its beginning, as far as it was written in order; what is written
 * again begins it anew. */
static void write_codes(struct labrig_board *board, uint16_t start, uint8_t count)
{
    if (start < board->digested) {
        board->digested = 0;
        board->digest = 0;
    }
    const uint32_t digest = labrig_hal_write_wipers(start, &board->image[start], count, board->digest);
    if (start == board->digested) {
        board->digest = digest;
        board->digested = (uint16_t)(start + count);
    }
    board->codes_written += count;
}

uint8_t labrig_write(struct labrig_board *board)
{
    struct labrig_span span;
    uint8_t status = labrig_span_read(board, &span);
    if (status == LABRIG_STATUS_OK) {
        status = check_codes(board, LABRIG_WRITE_REQUEST_SIZE, span.count);
    }
    if (status == LABRIG_STATUS_OK) {
        labrig_learn_forget(board);
        labrig_unpack_codes(board->asked.payload + LABRIG_WRITE_REQUEST_CODES_AT, 0, span.count, board->config->code_bits,
                            &board->image[span.start]);
        write_codes(board, span.start, span.count);
    }
    return status;
}

uint8_t labrig_write_sparse(struct labrig_board *board)
{
    const uint8_t *payload = board->asked.payload;
    const uint8_t *changed = payload + LABRIG_WRITE_SPARSE_REQUEST_CHANGED_AT;
    if (board->asked.length < LABRIG_WRITE_SPARSE_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    uint16_t branch = labrig_get_u16(payload + LABRIG_WRITE_SPARSE_REQUEST_START_AT);
    const uint16_t count = labrig_get_u16(payload + LABRIG_WRITE_SPARSE_REQUEST_COUNT_AT);
    if (!there(board, branch, count)) {
        return LABRIG_STATUS_RANGE;
    }
    const uint16_t before = (uint16_t)(LABRIG_WRITE_SPARSE_REQUEST_SIZE + labrig_packed_size(count, 1));
    if (board->asked.length < before) {
        return LABRIG_STATUS_LENGTH;
    }
    if (labrig_bits_beyond(changed, count)) {
        return LABRIG_STATUS_RANGE;
    }
    const uint8_t bytes = (uint8_t)(before - LABRIG_WRITE_SPARSE_REQUEST_SIZE);
    const uint8_t status = check_codes(board, (uint8_t)before, labrig_bits_set(changed, bytes));
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    labrig_learn_forget(board);
    const uint8_t *const packed = changed + bytes;
    uint8_t place = 0;
    for (; changed < packed; branch = (uint16_t)(branch + 8u)) {
        uint16_t at = branch;
        for (uint8_t rest = *changed++; rest != 0; rest >>= 1, at++) {
            if ((rest & 1u) != 0) {
                board->image[at] = labrig_unpack(packed, place++, board->config->code_bits);
                write_codes(board, at, 1);
            }
        }
    }
    return status;
}

uint32_t labrig_image_digest(struct labrig_board *board)
{
    const uint16_t rest = (uint16_t)(board->config->branches - board->digested);
    const uint16_t mask = board->learn.loaded != 0 ? UINT8_MAX : UINT16_MAX; /* above the codes lie parts of the latents */
    board->digest = labrig_digest_codes(board->digest, &board->image[board->digested], rest, mask);
    board->digested = board->config->branches;
    return board->digest;
}

uint8_t labrig_digest(struct labrig_board *board)
{
    labrig_put_u32(board->asked.reply + LABRIG_DIGEST_REPLY_DIGEST_AT, labrig_image_digest(board));
    labrig_put_u32(board->asked.reply + LABRIG_DIGEST_REPLY_BOOT_COUNT_AT, board->boot_count);
    board->asked.answered = LABRIG_DIGEST_REPLY_SIZE;
    return LABRIG_STATUS_OK;
}

uint8_t labrig_apply(struct labrig_board *board)
{
    if (board->asked.length != LABRIG_APPLY_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    (void)labrig_digest(board);
    const uint32_t wanted = labrig_get_u32(board->asked.payload + LABRIG_APPLY_REQUEST_DIGEST_AT);
    return board->digest == wanted ? LABRIG_STATUS_OK : LABRIG_STATUS_READ_BACK;
}

uint8_t labrig_read(struct labrig_board *board)
{
    struct labrig_span span;
    const uint8_t width = board->config->code_bits;
    const uint8_t status = labrig_span_read(board, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    const uint16_t size = labrig_packed_size(span.count, width);
    if (board->asked.length != LABRIG_READ_REQUEST_SIZE || size > LABRIG_MAX_PAYLOAD) {
        return LABRIG_STATUS_LENGTH;
    }
    board->asked.answered = (uint8_t)size;
    memset(board->asked.reply, 0, size);
    for (uint8_t k = 0; k < span.count; k++) {
        labrig_pack(board->asked.reply, k, width, labrig_hal_read_wiper((uint16_t)(span.start + k)));
    }
    return LABRIG_STATUS_OK;
}
