/* Requests that have arrived: encoded bytes in at one end (the receive interrupt), good bodies out at the other.
 *
 * The bytes are decoded as they come, into a ring. Each body lies in it without a break, behind its size: what begins
 * below LABRIG_RX_BYTES may reach beyond, and what follows begins at 0 again. The two ends share single bytes only,
 * which a processor of 8 bits reads and writes at once. A frame that finds no room is lost as a whole and counted. */
#ifndef LABRIG_INBOX_H
#define LABRIG_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "labrig_sizes.h"

/* What the longest body takes. */
#define LABRIG_INBOX_RECORD (LABRIG_BODY_MAX + 1u)

/* The reading end tells in one byte how far it is, in steps of so many bytes, rounded down; four are quick
 * to divide by. */
#define LABRIG_INBOX_GRAIN (LABRIG_RX_BYTES <= 1024u ? 4u : (LABRIG_RX_BYTES + 255u) / 256u)

_Static_assert(LABRIG_RX_BYTES % LABRIG_INBOX_GRAIN == 0 && LABRIG_RX_BYTES <= 256u * LABRIG_INBOX_GRAIN,
               "the reading end is told in one byte");
_Static_assert(LABRIG_RX_BYTES >= 2u * LABRIG_INBOX_RECORD + 32u, "one frame is carried out while another arrives");

/* Encoded bytes that the host may have on their way: they find room, whatever frames they are. */
#define LABRIG_WINDOW (LABRIG_RX_BYTES - LABRIG_INBOX_RECORD - LABRIG_INBOX_GRAIN - 1u)

struct labrig_inbox {
    struct labrig_receiver receiver; /* of the receive interrupt, with all that begins with `head` */
    uint16_t head;                   /* where the frame that arrives begins */
    bool refused;                    /* that frame found no room */

    volatile uint8_t arrived, taken;    /* frames, modulo 256 */
    volatile uint8_t damaged, overruns; /* likewise */
    volatile uint8_t tail_grain;        /* where the oldest frame begins */

    uint16_t tail; /* of the reading end */
    uint8_t bytes[LABRIG_RX_BYTES + LABRIG_INBOX_RECORD];
};

void labrig_inbox_begin(struct labrig_inbox *inbox);

/* A byte has arrived; may be called from an interrupt. */
void labrig_inbox_put(struct labrig_inbox *inbox, uint8_t byte);

/* For a receive interrupt that decodes by itself: whether the longest frame fits where the next one begins, so that its
 * end does not fall upon the oldest one's beginning; and that a good body of this size lies behind `head`. */
bool labrig_inbox_has_room(const struct labrig_inbox *inbox);
void labrig_inbox_arrived(struct labrig_inbox *inbox, uint8_t size);

/* The body of the oldest frame; NULL: there is none. It stays until labrig_inbox_done. */
const uint8_t *labrig_inbox_oldest(struct labrig_inbox *inbox);
void labrig_inbox_done(struct labrig_inbox *inbox);

/* Whether no frame is waited for, nor carried out. */
static inline bool labrig_inbox_empty(const struct labrig_inbox *inbox)
{
    return inbox->arrived == inbox->taken;
}

/* Whether another frame lies behind the oldest. */
static inline bool labrig_inbox_another(const struct labrig_inbox *inbox)
{
    return (uint8_t)(inbox->arrived - inbox->taken) > 1u;
}

/* Forget what has arrived, but for the frame that is `read`; not beside an interrupt that puts some. */
void labrig_inbox_forget(struct labrig_inbox *inbox, bool read);

/* Bytes that are sure to find room now; not beside an interrupt that puts some. */
uint16_t labrig_inbox_room(const struct labrig_inbox *inbox);

#endif
