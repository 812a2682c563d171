#include "session.h"

#include <stddef.h>

#define WITH_DATA 0x80u

_Static_assert(256u % LABRIG_FRAMES_IN_FLIGHT == 0 && LABRIG_FRAMES_IN_FLIGHT < 256u, "outcomes are found by SEQ");
_Static_assert(LABRIG_CREDIT >= 1u && LABRIG_CREDIT <= LABRIG_FRAMES_IN_FLIGHT, "what is kept must be known");

void labrig_session_open(struct labrig_session *session, uint8_t first_seq)
{
    session->open = true;
    session->expected = first_seq;
    session->answered = 0;
    session->newest = 0;
}

enum labrig_order labrig_session_order(const struct labrig_session *session, uint8_t seq)
{
    const uint8_t behind = (uint8_t)(session->expected - seq);
    if (!session->open || behind > session->answered) {
        return LABRIG_ORDER_REFUSED;
    }
    return behind == 0 ? LABRIG_ORDER_NEXT : LABRIG_ORDER_AGAIN;
}

static uint8_t next_slot(const struct labrig_session *session)
{
    return (uint8_t)((session->newest + 1u) % LABRIG_CREDIT);
}

uint8_t *labrig_session_slot(struct labrig_session *session)
{
    return session->kept[next_slot(session)];
}

void labrig_session_answered(struct labrig_session *session, uint8_t status, bool with_data)
{
    session->outcomes[session->expected % LABRIG_FRAMES_IN_FLIGHT] = (uint8_t)(with_data ? status | WITH_DATA : status);
    session->expected++;
    if (session->answered < LABRIG_FRAMES_IN_FLIGHT) {
        session->answered++;
    }
    if (with_data) {
        session->newest = next_slot(session);
    }
}

uint8_t labrig_session_status(const struct labrig_session *session, uint8_t seq)
{
    return (uint8_t)(session->outcomes[seq % LABRIG_FRAMES_IN_FLIGHT] & ~WITH_DATA);
}

bool labrig_session_had_data(const struct labrig_session *session, uint8_t seq)
{
    return (session->outcomes[seq % LABRIG_FRAMES_IN_FLIGHT] & WITH_DATA) != 0;
}

uint8_t *labrig_session_kept(struct labrig_session *session, uint8_t seq)
{
    uint8_t newer = 0; /* replies with data that were kept after this one */
    for (uint8_t later = (uint8_t)(seq + 1u); later != session->expected; later++) {
        newer = (uint8_t)(newer + labrig_session_had_data(session, later));
    }
    if (newer >= LABRIG_CREDIT) {
        return NULL;
    }
    return session->kept[(session->newest + LABRIG_CREDIT - newer) % LABRIG_CREDIT];
}
