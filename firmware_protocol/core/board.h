/* A board that speaks the protocol. A target calls labrig_receive for each byte that arrives, labrig_poll over and
 * over, and sends what labrig_transmit hands out; nothing here waits. */
#ifndef LABRIG_BOARD_H
#define LABRIG_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers.h"
#include "frame.h"
#include "inbox.h"
#include "labrig_hal.h"
#include "labrig_sizes.h"
#include "learn.h"
#include "labrig_protocol.h"
#include "measure.h"
#ifdef LABRIG_MEMRISTORS
#include "pulse.h"
#endif
#include "request.h"
#include "session.h"

#define LABRIG_FIRMWARE_MAJOR 0u
#define LABRIG_FIRMWARE_MINOR 1u
#define LABRIG_FIRMWARE_PATCH 0u

/* Bytes by which HELLO tells the range of pulses. */
#ifdef LABRIG_MEMRISTORS
#define LABRIG_PULSES_TOLD 16u
#else
#define LABRIG_PULSES_TOLD 0u
#endif

/* Of what is answered outside a session HELLO has the longest reply. */
#define LABRIG_SCRATCH (LABRIG_HEADER_SIZE + LABRIG_HELLO_REPLY_SIZE + LABRIG_TEXTS_MAX + LABRIG_PULSES_TOLD + LABRIG_CRC_SIZE)

struct labrig_board {
    const struct labrig_config *config;
    struct LABRIG_AS_TOLD { /* as STATUS tells it */
        uint32_t boot_count, uptime_ms;
        bool armed;
        uint16_t driven;
        uint8_t fault;
        uint16_t heartbeat_expired;
        uint32_t frames_good, frames_bad, overruns, states, codes_written;
        uint16_t supply_mv;
        int16_t temperature_cdegc;
    };
    uint16_t heartbeat_ms;
    uint32_t fed_ms; /* when the heartbeat was last fed */
    const uint8_t *request; /* body of the request that is carried out; NULL: none */
    struct labrig_request asked;
    uint32_t digest; /* of the first `digested` codes of the image */
    uint16_t digested;
    uint8_t damaged_seen, overruns_seen; /* of the inbox's counts */
    uint32_t started_ms;

    struct labrig_cobs_encoder sending;
    struct labrig_measure measure;
    struct labrig_session session;
    struct labrig_drivers_state drivers;
    struct labrig_learn learn;
#ifdef LABRIG_MEMRISTORS
    struct labrig_pulses pulses;
#endif
    struct labrig_inbox inbox;
    uint8_t scratch[LABRIG_SCRATCH]; /* body of a reply that is not kept */
    uint16_t image[LABRIG_MAX_BRANCHES]; /* codes; above them parts of the latents, where there are some */
};

/* Everything released, disarmed, no session. The counts of `config` must fit the static sizes. */
void labrig_start(struct labrig_board *board, const struct labrig_config *config, uint32_t boot_count);

/* A byte has arrived; may be called from an interrupt. */
static inline void labrig_receive(struct labrig_board *board, uint8_t byte)
{
    labrig_inbox_put(&board->inbox, byte);
}

/* Bytes that labrig_receive is sure to take now; not beside an interrupt that gives it some. */
static inline uint16_t labrig_room(const struct labrig_board *board)
{
    return labrig_inbox_room(&board->inbox);
}

/* Do one small piece of work: part of a measurement, or one request. False: there is nothing to do. */
bool labrig_poll(struct labrig_board *board);

/* The next byte to send. False: none. May be called from an interrupt. */
static inline bool labrig_transmit(struct labrig_board *board, uint8_t *byte)
{
    return labrig_cobs_next(&board->sending, byte);
}

/* The line was cut: forget half a request and half a reply. */
void labrig_line_lost(struct labrig_board *board);

/* Release every driver and disarm; wipers are kept. */
void labrig_make_safe(struct labrig_board *board);

#endif
