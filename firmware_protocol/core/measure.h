/* MEASURE: check the whole request, then impose, settle and scan its boundaries, a small step at a time. */
#ifndef LABRIG_MEASURE_H
#define LABRIG_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers.h"
#include "request.h"
#include "told.h"

enum labrig_phase {
    LABRIG_PHASE_IDLE,
    LABRIG_PHASE_IMPOSE,
    LABRIG_PHASE_SETTLE,
    LABRIG_PHASE_STORE,
    LABRIG_PHASE_SCAN,
};

struct labrig_measure {
    uint8_t phase;
    struct LABRIG_AS_TOLD {
        uint16_t settle;
        uint8_t averages;
        uint16_t scan_start, scan_count;
        uint8_t boundaries; /* still to be imposed, the present one included */
    };
    struct labrig_cursor cursor; /* behind the boundary that is imposed */
    labrig_line channel;  /* next to be scanned, from 0 */
    uint8_t sum_bits;     /* of a reading */
    uint8_t scaled_from;  /* bits of a sum that is brought to 16; 0: told as it is */
    uint8_t store;        /* LABRIG_SECTION_STORE: the present state becomes the reference */
    uint8_t *readings;    /* where the present state's go */
    uint8_t apart;        /* of that many readings is each the first */
    uint8_t size;         /* their bytes */
    uint8_t length;       /* bytes of all readings */
};

/* Bits of a sum of readings: adc_bits + ceil(log2(averages)). */
uint8_t labrig_sum_bits(uint8_t adc_bits, uint8_t averages);

/* Whether so many settling times stay below the heartbeat. */
bool labrig_settles_within(uint16_t settle, uint8_t boundaries, uint16_t heartbeat_ms);

#define LABRIG_REFUSED_DRIVES 0x80u

/* Walk through all boundaries, so that a request is carried out as a whole or not at all; `refused` sections are out of
 * range. Returns a LABRIG_STATUS. */
uint8_t labrig_boundaries_check(const struct labrig_drivers_state *drivers, struct labrig_cursor cursor, uint8_t count,
                                uint8_t refused);

/* What is told of a sum. */
uint32_t labrig_measure_scaled(const struct labrig_measure *measure, uint32_t sum);

/* The sum of conversions of a channel. */
uint32_t labrig_convert(const struct labrig_config *config, labrig_line channel, uint8_t averages);

/* One step; the phase is idle once the last one is done. Returns how many states are now scanned, 0 or 1. */
uint8_t labrig_measure_step(struct labrig_measure *measure, struct labrig_drivers_state *drivers);

#endif
