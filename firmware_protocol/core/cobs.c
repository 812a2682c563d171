#include "cobs.h"

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

void labrig_cobs_begin(struct labrig_cobs_encoder *encoder, uint8_t *data, uint8_t count)
{
    uint8_t code = 1;
    for (uint8_t k = count; k-- > 0;) {
        if (data[k] == 0) {
            data[k] = code;
            code = 1;
        } else {
            code++;
        }
    }
    encoder->data = data;
    encoder->count = count;
    encoder->at = 0;
    encoder->code = code;
    atomic_signal_fence(memory_order_release);
    encoder->phase = LABRIG_COBS_FIRST; /* from now on the interrupt takes bytes */
}
