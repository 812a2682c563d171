#include "cobs.h"

enum { DONE, BLOCK, COPY, DELIMITER };
#define LONGEST_RUN 254u

enum labrig_cobs labrig_cobs_decode(struct labrig_cobs_decoder *decoder, uint8_t byte, uint8_t *out)
{
    if (byte == 0) {
        const bool complete = decoder->left == 0;
        decoder->left = 0;
        decoder->gap = false;
        return complete ? LABRIG_COBS_END : LABRIG_COBS_BROKEN;
    }
    if (decoder->left != 0) {
        decoder->left--;
        *out = byte;
        return LABRIG_COBS_BYTE;
    }
    const bool gap = decoder->gap;
    decoder->left = (uint8_t)(byte - 1u);
    decoder->gap = byte != LONGEST_RUN + 1u;
    *out = 0;
    return gap ? LABRIG_COBS_BYTE : LABRIG_COBS_NONE;
}

void labrig_cobs_begin(struct labrig_cobs_encoder *encoder, const uint8_t *data, uint16_t count)
{
    encoder->data = data;
    encoder->count = count;
    encoder->at = 0;
    encoder->phase = BLOCK;
}

static uint8_t run_length(const struct labrig_cobs_encoder *encoder)
{
    uint8_t run = 0;
    for (uint16_t k = encoder->at; k < encoder->count && encoder->data[k] != 0 && run < LONGEST_RUN; k++) {
        run++;
    }
    return run;
}

static void end_block(struct labrig_cobs_encoder *encoder)
{
    if (encoder->at == encoder->count) {
        encoder->phase = DELIMITER;
        return;
    }
    if (!encoder->full) {
        encoder->at++; /* the zero that the block stands for */
    }
    encoder->phase = BLOCK;
}

bool labrig_cobs_next(struct labrig_cobs_encoder *encoder, uint8_t *out)
{
    switch (encoder->phase) {
    case BLOCK:
        encoder->left = run_length(encoder);
        encoder->full = encoder->left == LONGEST_RUN;
        encoder->phase = COPY;
        *out = (uint8_t)(encoder->left + 1u);
        break;
    case COPY:
        *out = encoder->data[encoder->at++];
        encoder->left--;
        break;
    case DELIMITER:
        *out = 0;
        encoder->phase = DONE;
        return true;
    default:
        return false;
    }
    if (encoder->left == 0) {
        end_block(encoder);
    }
    return true;
}
