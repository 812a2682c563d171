/* PULSE and VERIFY: pulses to memristors, a pulse, a state or a channel a call. A target whose labrig_sizes.h defines
 * LABRIG_MEMRISTORS has them. */
#ifndef LABRIG_PULSE_H
#define LABRIG_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "labrig_hal.h"
#include "told.h"

/* What a VERIFY asks for, as it is told. */
struct LABRIG_AS_TOLD labrig_verify_request {
    uint16_t start;
    uint8_t count, averages;
    uint16_t settle, read, tolerance;
    struct LABRIG_AS_TOLD labrig_ramp {
        uint16_t start, step, highest; /* mV */
    } set, reset;
    uint32_t width;
    uint16_t most_pulses;
    uint8_t most_reversals;
    uint16_t pulses;
    uint8_t reversals;
    int16_t amplitude;
};

/* A state in which a branch is read, in sums of conversions. */
struct labrig_seen {
    int32_t across;  /* the branch: its input less its output */
    int32_t dropped; /* by the drive resistor of its output */
    int32_t others;  /* the other inputs, less as often the output */
};

enum labrig_verify_phase {
    LABRIG_VERIFY_IDLE,
    LABRIG_VERIFY_NEXT,
    LABRIG_VERIFY_IMPOSE,
    LABRIG_VERIFY_SETTLE,
    LABRIG_VERIFY_SCAN,
    LABRIG_VERIFY_PULSE,
    LABRIG_VERIFY_PULSING,
};

struct labrig_verify {
    uint8_t phase;
    struct labrig_verify_request request;
    uint16_t began_ms;  /* modulo 2^16: a VERIFY is over by then */
    uint8_t at;         /* the branch, from the first one on */
    uint32_t target;    /* nS */
    uint32_t found;     /* as read last, nS; LABRIG_UNREAD before */
    uint16_t pulses;    /* that it has had */
    uint8_t reversals;
    int16_t amplitude;  /* of the last of them, mV; 0: none */
    bool pulsed;        /* one of them in this request */
    labrig_line input, output, channel;
    uint8_t state;      /* 0: its input is driven, 1: all are */
    bool readable;
    int32_t own;        /* sum of its input's conversions */
    struct labrig_seen seen[2];
};

#define LABRIG_UNREAD UINT32_MAX

struct labrig_pulses {
    const uint8_t *next; /* of a PULSE */
    uint8_t left;        /* pulses of it, the present one included; 0: none is carried out */
    bool under_way;      /* the present one */
    struct labrig_verify verify;
};

/* The conductance of a branch, nS; PROTOCOL.md, "Programming by pulses". LABRIG_UNREAD: the states do not tell. */
uint32_t labrig_conductance(const struct labrig_seen *alone, const struct labrig_seen *all, uint32_t drive_mohm);

/* Whether a board may give pulses of an amplitude, or a width. */
bool labrig_amplitude_possible(bool sets, uint16_t millivolts);
bool labrig_width_possible(uint32_t width);

#endif
