#include "session.h"

#include <stddef.h>

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
    const uint8_t next = (uint8_t)(session->newest + 1u);
    return next < LABRIG_CREDIT ? next : 0;
}

uint8_t *labrig_session_slot(struct labrig_session *session)
{
    return session->kept[next_slot(session)];
}

void labrig_session_answered(struct labrig_session *session, uint8_t status, bool with_data)
{
    session->outcomes[session->expected % LABRIG_FRAMES_IN_FLIGHT] = (uint8_t)(with_data ? status | LABRIG_WITH_DATA : status);
    session->expected++;
    if (session->answered < LABRIG_FRAMES_IN_FLIGHT) {
        session->answered++;
    }
    if (with_data) {
        session->newest = next_slot(session);
    }
}

uint8_t labrig_session_outcome(const struct labrig_session *session, uint8_t seq)
{
    return session->outcomes[seq % LABRIG_FRAMES_IN_FLIGHT];
}

uint8_t *labrig_session_kept(struct labrig_session *session, uint8_t seq)
{
    uint8_t slot = session->newest;
    uint8_t newer = 0; /* replies with data that were kept after this one */
    while (++seq != session->expected) {
        if ((labrig_session_outcome(session, seq) & LABRIG_WITH_DATA) != 0) {
            slot = (uint8_t)(slot != 0 ? slot - 1u : LABRIG_CREDIT - 1u);
            newer++;
        }
    }
    return newer < LABRIG_CREDIT ? session->kept[slot] : NULL;
}
