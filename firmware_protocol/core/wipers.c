/* WRITE, WRITE_SPARSE, APPLY, DIGEST and READ. */
#include "commands.h"
#include "crc.h"
#include "labrig_protocol.h"
#include "packing.h"

struct span {
    uint16_t start;
    uint8_t count;
};

/* The branches that a request names; LABRIG_WRITE, LABRIG_WRITE_SPARSE and LABRIG_READ begin alike. */
static uint8_t read_span(const struct labrig_board *board, const struct labrig_request *request, struct span *span)
{
    if (request->length < LABRIG_WRITE_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    span->start = labrig_get_u16(request->payload + LABRIG_WRITE_REQUEST_START_AT);
    span->count = request->payload[LABRIG_WRITE_REQUEST_COUNT_AT];
    const uint32_t end = (uint32_t)span->start + span->count;
    return end <= board->config->branches ? LABRIG_STATUS_OK : LABRIG_STATUS_RANGE;
}

/* Before any of them is written: a request is carried out as a whole or not at all. */
static uint8_t check_codes(const struct labrig_config *config, const uint8_t *packed, uint8_t count)
{
    const bool all = config->code_min == 0 && config->code_max == (1ul << config->code_bits) - 1u;
    if (all || labrig_codes_within(packed, count, config->code_bits, config->code_min, config->code_max)) {
        return LABRIG_STATUS_OK;
    }
    return LABRIG_STATUS_RANGE;
}

/* The digest covers the image's beginning, as far as it was written in order; what is written again begins it anew. */
static uint32_t digest_before(struct labrig_board *board, uint16_t start)
{
    if (start < board->digested) {
        board->digested = 0;
        board->digest = 0;
    }
    return board->digest;
}

/* The image holds the codes already. */
static void write_codes(struct labrig_board *board, uint16_t start, uint8_t count)
{
    const uint32_t before = digest_before(board, start);
    const uint32_t digest = labrig_hal_write_wipers(start, &board->image[start], count, before);
    if (start == board->digested) {
        board->digest = digest;
        board->digested = (uint16_t)(board->digested + count);
    }
    board->codes_written += count;
}

uint8_t labrig_write(struct labrig_board *board, const struct labrig_request *request)
{
    struct span span;
    const uint8_t width = board->config->code_bits;
    uint8_t status = read_span(board, request, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    if (request->length != LABRIG_WRITE_REQUEST_SIZE + labrig_packed_size(span.count, width)) {
        return LABRIG_STATUS_LENGTH;
    }
    const uint8_t *packed = request->payload + LABRIG_WRITE_REQUEST_CODES_AT;
    status = check_codes(board->config, packed, span.count);
    if (status == LABRIG_STATUS_OK) {
        labrig_learn_forget(board);
        labrig_unpack_codes(packed, span.count, width, &board->image[span.start]);
        write_codes(board, span.start, span.count);
    }
    return status;
}

uint8_t labrig_write_sparse(struct labrig_board *board, const struct labrig_request *request)
{
    struct span span;
    const uint8_t width = board->config->code_bits;
    uint8_t status = read_span(board, request, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    const uint32_t before = LABRIG_WRITE_SPARSE_REQUEST_SIZE + labrig_packed_size(span.count, 1);
    if (request->length < before) {
        return LABRIG_STATUS_LENGTH;
    }
    const uint8_t *changed = request->payload + LABRIG_WRITE_SPARSE_REQUEST_CHANGED_AT;
    if (labrig_bits_beyond(changed, span.count)) {
        return LABRIG_STATUS_RANGE;
    }
    const uint8_t count = (uint8_t)labrig_bits_set(changed, span.count);
    if (request->length != before + labrig_packed_size(count, width)) {
        return LABRIG_STATUS_LENGTH;
    }
    const uint8_t *packed = request->payload + before;
    status = check_codes(board->config, packed, count);
    if (status == LABRIG_STATUS_OK) {
        labrig_learn_forget(board);
    }
    uint8_t place = 0;
    for (uint8_t k = 0; status == LABRIG_STATUS_OK && k < span.count; k++) {
        if (labrig_bit(changed, k)) {
            const uint16_t branch = (uint16_t)(span.start + k);
            board->image[branch] = (uint16_t)labrig_unpack(packed, place++, width);
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

static uint32_t put_digest(struct labrig_board *board, uint8_t *reply, uint8_t *length)
{
    const uint32_t digest = labrig_image_digest(board);
    labrig_put_u32(reply + LABRIG_DIGEST_REPLY_DIGEST_AT, digest);
    labrig_put_u32(reply + LABRIG_DIGEST_REPLY_BOOT_COUNT_AT, board->boot_count);
    *length = LABRIG_DIGEST_REPLY_SIZE;
    return digest;
}

uint8_t labrig_apply(struct labrig_board *board, const struct labrig_request *request, uint8_t *length)
{
    if (request->length != LABRIG_APPLY_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    const uint32_t wanted = labrig_get_u32(request->payload + LABRIG_APPLY_REQUEST_DIGEST_AT);
    return put_digest(board, request->reply, length) == wanted ? LABRIG_STATUS_OK : LABRIG_STATUS_READ_BACK;
}

uint8_t labrig_digest(struct labrig_board *board, const struct labrig_request *request, uint8_t *length)
{
    if (request->length != LABRIG_DIGEST_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    (void)put_digest(board, request->reply, length);
    return LABRIG_STATUS_OK;
}

uint8_t labrig_read(struct labrig_board *board, const struct labrig_request *request, uint8_t *length)
{
    struct span span;
    const uint8_t width = board->config->code_bits;
    const uint8_t status = read_span(board, request, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    const uint32_t size = labrig_packed_size(span.count, width);
    if (request->length != LABRIG_READ_REQUEST_SIZE || size > LABRIG_MAX_PAYLOAD) {
        return LABRIG_STATUS_LENGTH;
    }
    for (uint8_t k = 0; k < size; k++) {
        request->reply[k] = 0;
    }
    for (uint8_t k = 0; k < span.count; k++) {
        labrig_pack(request->reply, k, width, labrig_hal_read_wiper((uint16_t)(span.start + k)));
    }
    *length = (uint8_t)size;
    return LABRIG_STATUS_OK;
}
