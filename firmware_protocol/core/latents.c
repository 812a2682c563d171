/* LATENT_WRITE and LATENT_READ, and where the latents lie. */
#include <stddef.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "packing.h"

#define LATENT_BYTES 3u

bool labrig_can_learn(const struct labrig_config *config)
{
    return ((uint8_t)config->features & LABRIG_FEATURE_LEARN) != 0 && config->branches != 0
        && config->branches == (unsigned)config->inputs * config->outputs;
}

void labrig_learn_forget(struct labrig_board *board)
{
    if (board->learn.loaded == 0) {
        return;
    }
    for (uint16_t k = 0; k < board->config->branches; k++) {
        board->image[k] = (uint8_t)board->image[k];
    }
    board->learn.loaded = 0;
}

/* LATENT_WRITE and LATENT_READ begin alike. */
LABRIG_ONCE static uint8_t read_span(const struct labrig_board *board, struct labrig_span *span)
{
    return labrig_can_learn(board->config) ? labrig_span_read(board, span) : LABRIG_STATUS_UNKNOWN;
}

/* Beside a latent there is room for a code of eight bits. */
LABRIG_ONCE static bool codes_fit(const struct labrig_board *board)
{
    for (uint16_t k = 0; k < board->config->branches; k++) {
        if (board->image[k] > UINT8_MAX) {
            return false;
        }
    }
    return true;
}

uint8_t labrig_latent_write(struct labrig_board *board)
{
    struct labrig_span span;
    struct labrig_learn *learn = &board->learn;
    const uint8_t status = read_span(board, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    if (board->asked.length != (uint16_t)(LABRIG_LATENT_WRITE_REQUEST_SIZE + LATENT_BYTES * span.count)) {
        return LABRIG_STATUS_LENGTH;
    }
    if (span.start > learn->loaded || (learn->loaded == 0 && !codes_fit(board))) {
        return LABRIG_STATUS_RANGE;
    }
    learn->converted = false;
    const uint8_t *at = board->asked.payload + LABRIG_LATENT_WRITE_REQUEST_LATENTS_AT;
    uint16_t *code = &board->image[span.start], *high = &learn->high[span.start];
    for (uint8_t left = span.count; left > 0; left--, at += LATENT_BYTES) {
        *code = (uint16_t)((uint16_t)(*at << 8) | (uint8_t)*code);
        code++;
        *high++ = labrig_get_u16(at + 1);
    }
    const uint16_t end = (uint16_t)(span.start + span.count);
    if (end > learn->loaded) {
        learn->loaded = end;
    }
    return LABRIG_STATUS_OK;
}

uint8_t labrig_latent_read(struct labrig_board *board)
{
    struct labrig_span span;
    const uint8_t status = read_span(board, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    const uint16_t size = (uint16_t)(LATENT_BYTES * span.count);
    if (board->asked.length != LABRIG_LATENT_READ_REQUEST_SIZE || size > LABRIG_MAX_PAYLOAD) {
        return LABRIG_STATUS_LENGTH;
    }
    if (span.start + span.count > board->learn.loaded) {
        return LABRIG_STATUS_RANGE;
    }
    board->asked.answered = (uint8_t)size;
    uint8_t *at = board->asked.reply;
    const uint16_t *code = &board->image[span.start], *high = &board->learn.high[span.start];
    for (uint8_t left = span.count; left > 0; left--, at += LATENT_BYTES) {
        *at = (uint8_t)(*code++ >> 8);
        labrig_put_u16(at + 1, *high++);
    }
    return LABRIG_STATUS_OK;
}
