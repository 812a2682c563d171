#include "frame.h"

#include "crc.h"

void labrig_receiver_begin(struct labrig_receiver *receiver, uint8_t *body)
{
    receiver->body = body;
    receiver->decoder = (struct labrig_cobs_decoder){0};
    receiver->crc = LABRIG_CRC_INIT;
    receiver->count = 0;
    receiver->oversize = false;
}

static enum labrig_received verdict(const struct labrig_receiver *receiver, enum labrig_cobs end)
{
    const bool good = end == LABRIG_COBS_END && !receiver->oversize
        && receiver->count >= LABRIG_HEADER_SIZE + LABRIG_CRC_SIZE
        && receiver->count == LABRIG_HEADER_SIZE + LABRIG_CRC_SIZE + receiver->body[LABRIG_HEADER_LEN_AT]
        && receiver->crc == LABRIG_CRC16_RESIDUE;
    return good ? LABRIG_RECEIVED_FRAME : LABRIG_RECEIVED_DAMAGED;
}

enum labrig_received labrig_receiver_byte(struct labrig_receiver *receiver, uint8_t byte)
{
    uint8_t out;
    if (byte == 0 && labrig_receiver_idle(receiver)) {
        return LABRIG_RECEIVED_NOTHING; /* 00 before or between frames */
    }
    const enum labrig_cobs step = labrig_cobs_decode(&receiver->decoder, byte, &out);
    if (step == LABRIG_COBS_NONE) {
        return LABRIG_RECEIVED_NOTHING;
    }
    if (step == LABRIG_COBS_BYTE) {
        if (receiver->count == LABRIG_BODY_MAX) {
            receiver->oversize = true;
        } else {
            receiver->body[receiver->count++] = out;
            receiver->crc = labrig_crc16(receiver->crc, out);
        }
        return LABRIG_RECEIVED_NOTHING;
    }
    const enum labrig_received received = verdict(receiver, step);
    labrig_receiver_begin(receiver, receiver->body);
    return received;
}

uint8_t labrig_frame_seal(uint8_t *body, uint8_t length, uint8_t type, uint8_t seq, uint8_t flags)
{
    body[LABRIG_HEADER_LEN_AT] = length;
    body[LABRIG_HEADER_TYPE_AT] = type;
    body[LABRIG_HEADER_SEQ_AT] = seq;
    body[LABRIG_HEADER_FLAGS_AT] = flags;
    const uint8_t covered = (uint8_t)(LABRIG_HEADER_SIZE + length);
    const uint16_t crc = labrig_crc16_bytes(LABRIG_CRC_INIT, body, covered) ^ LABRIG_CRC_XOROUT;
    body[covered] = (uint8_t)(crc >> 8);
    body[covered + 1u] = (uint8_t)crc;
    return (uint8_t)(covered + LABRIG_CRC_SIZE);
}
