/* WRITE, WRITE_SPARSE, APPLY, DIGEST and READ. */
#include <string.h>

#include "commands.h"
#include "crc.h"
#include "labrig_protocol.h"
#include "packing.h"

uint8_t labrig_span_read(const struct labrig_board *board, struct labrig_span *span)
{
    const uint16_t branches = board->config->branches;
    if (board->asked.length < LABRIG_WRITE_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    span->start = labrig_get_u16(board->asked.payload + LABRIG_WRITE_REQUEST_START_AT);
    span->count = board->asked.payload[LABRIG_WRITE_REQUEST_COUNT_AT];
    return span->start <= branches && span->count <= branches - span->start ? LABRIG_STATUS_OK : LABRIG_STATUS_RANGE;
}

/* Before any of them is written: a request is carried out as a whole or not at all. The codes are the rest of it. */
static uint8_t check_codes(const struct labrig_board *board, uint8_t before, uint8_t count)
{
    const struct labrig_config *config = board->config;
    const uint8_t width = config->code_bits;
    if (board->asked.length != before + labrig_packed_size(count, width)) {
        return LABRIG_STATUS_LENGTH;
    }
    const bool all = config->code_min == 0 && config->code_max == labrig_low_bits(width);
    if (all || labrig_codes_within(board->asked.payload + before, count, width, config->code_min, config->code_max)) {
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
    struct labrig_span span;
    uint8_t status = labrig_span_read(board, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    const uint8_t *changed = board->asked.payload + LABRIG_WRITE_SPARSE_REQUEST_CHANGED_AT;
    const uint8_t bytes = labrig_bitmap_size(span.count);
    const uint8_t before = (uint8_t)(LABRIG_WRITE_SPARSE_REQUEST_SIZE + bytes);
    if (board->asked.length < before) {
        return LABRIG_STATUS_LENGTH;
    }
    if (labrig_bits_beyond(changed, span.count)) {
        return LABRIG_STATUS_RANGE;
    }
    status = check_codes(board, before, (uint8_t)labrig_bits_set(changed, bytes));
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    labrig_learn_forget(board);
    uint8_t place = 0;
    for (uint8_t k = 0; k < span.count; k++) {
        if (labrig_bit(changed, k)) {
            const uint16_t branch = (uint16_t)(span.start + k);
            board->image[branch] = labrig_unpack(changed + bytes, place++, board->config->code_bits);
            write_codes(board, branch, 1);
        }
    }
    return status;
}

uint32_t labrig_image_digest(struct labrig_board *board)
{
    const uint16_t rest = (uint16_t)(board->config->branches - board->digested);
    board->digest = labrig_crc32_codes(board->digest, &board->image[board->digested], rest);
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
