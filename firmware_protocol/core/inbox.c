#include "inbox.h"

#include <stdatomic.h>
#include <stddef.h>

#include "packing.h"

#define LEAST_RECORD (LABRIG_HEADER_SIZE + LABRIG_CRC_SIZE + 1u)

LABRIG_ONCE static uint16_t behind(uint16_t record, uint8_t size)
{
    const uint16_t next = (uint16_t)(record + size + 1u);
    return next < LABRIG_RX_BYTES ? next : 0;
}

static void expect_frame(struct labrig_inbox *inbox)
{
    labrig_receiver_begin(&inbox->receiver, &inbox->bytes[inbox->head + 1u]);
}

void labrig_inbox_begin(struct labrig_inbox *inbox)
{
    inbox->head = inbox->tail = 0;
    inbox->refused = false;
    inbox->arrived = inbox->taken = 0;
    inbox->tail_grain = 0;
    expect_frame(inbox);
}

bool labrig_inbox_has_room(const struct labrig_inbox *inbox)
{
    const uint16_t tail = (uint16_t)(inbox->tail_grain * LABRIG_INBOX_GRAIN);
    const uint16_t end = (uint16_t)(inbox->head + LABRIG_INBOX_RECORD);
    const uint8_t waiting = (uint8_t)(inbox->arrived - inbox->taken);
    if (waiting == 0) {
        return true;
    }
    if (LABRIG_RX_BYTES / LEAST_RECORD >= UINT8_MAX && waiting == UINT8_MAX) {
        return false; /* one more than that would count as none */
    }
    return inbox->head < tail ? end < tail : end < LABRIG_RX_BYTES || tail != 0;
}

void labrig_inbox_arrived(struct labrig_inbox *inbox, uint8_t size)
{
    inbox->bytes[inbox->head] = size;
    inbox->head = behind(inbox->head, size);
    atomic_signal_fence(memory_order_release);
    inbox->arrived++;
}

void labrig_inbox_put(struct labrig_inbox *inbox, uint8_t byte)
{
    struct labrig_receiver *receiver = &inbox->receiver;
    if (inbox->refused) {
        if (byte == 0) {
            inbox->refused = false;
            inbox->overruns++;
            expect_frame(inbox);
        }
        return;
    }
    if (labrig_receiver_idle(receiver) && byte != 0 && !labrig_inbox_has_room(inbox)) {
        inbox->refused = true;
        return;
    }
    switch (labrig_receiver_byte(receiver, byte)) {
    case LABRIG_RECEIVED_FRAME:
        labrig_inbox_arrived(inbox, labrig_frame_size(receiver->body));
        expect_frame(inbox);
        break;
    case LABRIG_RECEIVED_DAMAGED:
        inbox->damaged++;
        break;
    default:
        break;
    }
}

const uint8_t *labrig_inbox_oldest(struct labrig_inbox *inbox)
{
    if (labrig_inbox_empty(inbox)) {
        return NULL;
    }
    atomic_signal_fence(memory_order_acquire);
    return &inbox->bytes[inbox->tail + 1u];
}

void labrig_inbox_done(struct labrig_inbox *inbox)
{
    inbox->tail = behind(inbox->tail, inbox->bytes[inbox->tail]);
    atomic_signal_fence(memory_order_release);
    inbox->tail_grain = (uint8_t)(inbox->tail / LABRIG_INBOX_GRAIN);
    inbox->taken++;
}

void labrig_inbox_forget(struct labrig_inbox *inbox, bool read)
{
    inbox->head = read ? behind(inbox->tail, inbox->bytes[inbox->tail]) : inbox->tail;
    inbox->arrived = (uint8_t)(inbox->taken + (read ? 1u : 0u));
    inbox->refused = false;
    expect_frame(inbox);
}

uint16_t labrig_inbox_room(const struct labrig_inbox *inbox)
{
    const bool wrapped = inbox->head < inbox->tail;
    const uint16_t waiting = (uint16_t)(inbox->head - inbox->tail + (wrapped ? LABRIG_RX_BYTES : 0));
    const uint16_t held = (uint16_t)(waiting + inbox->receiver.count);
    return held < LABRIG_WINDOW ? (uint16_t)(LABRIG_WINDOW - held) : 0;
}
