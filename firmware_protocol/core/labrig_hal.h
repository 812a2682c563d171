/* The seam between the protocol and a board: what a target implements. Nothing here may wait for more than one
 * conversion of the ADC, or the transfer of one frame's codes. A driver is an input or an output line with a DAC and
 * a switch (the "clamp"): inputs first, then outputs. */
#ifndef LABRIG_HAL_H
#define LABRIG_HAL_H

#include <stdbool.h>
#include <stdint.h>

#include "labrig_sizes.h"
#include "told.h"

/* A line, a driver or a channel, or a count of them: there are twice as many channels as lines at most. */
#if 2 * LABRIG_MAX_LINES < 256
typedef uint8_t labrig_line;
#else
typedef uint16_t labrig_line;
#endif


/* What the board is; constant while it runs. Converters and codes have at most 16 bits; the span of the ADC is at most
 * 8 times that of the DAC, so that a nudge can be computed in 64 bits. */
struct labrig_config {
    struct LABRIG_AS_TOLD { /* as HELLO tells it */
        uint16_t inputs, outputs, hidden, branches;
        uint8_t code_bits;
        uint16_t code_min, code_max;
        uint8_t adc_bits;
        uint32_t adc_span_uv;
        uint8_t dac_bits;
        uint32_t dac_span_uv;
        uint32_t drive_mohm;
        uint32_t features; /* LABRIG_FEATURE_... */
        uint32_t through_min_ns, through_max_ns;
    };
};
#define LABRIG_CONFIG_TOLD 39u /* bytes */

static inline labrig_line labrig_drivers(const struct labrig_config *config)
{
    return (labrig_line)(config->inputs + config->outputs);
}

static inline labrig_line labrig_lines(const struct labrig_config *config)
{
    return (labrig_line)(labrig_drivers(config) + config->hidden);
}

/* Copy the tagged values that HELLO and IDENTIFY end with, LABRIG_TEXTS_MAX bytes at most; returns how many. */
uint8_t labrig_hal_texts(uint8_t *to);

/* Milliseconds since an arbitrary moment; wraps after 49 days, from 2**32 - 1 to 0. */
uint32_t labrig_hal_milliseconds(void);

/* Send codes to the chips of successive branches; returns labrig_digest_codes of them, continued from `digest`, for which
 * there is time while they are sent. Ask a chip what it holds. */
uint32_t labrig_hal_write_wipers(uint16_t first, const uint16_t *codes, uint8_t count, uint32_t digest);
uint16_t labrig_hal_read_wiper(uint16_t branch);

/* Set a driver's DAC and close its switch, through the drive resistor. */
void labrig_hal_drive(labrig_line driver, uint16_t dac_code);

/* The same, through a conductance in place of the drive resistor. */
void labrig_hal_drive_through(labrig_line driver, uint16_t dac_code, uint32_t nanosiemens);

/* Send a current into the line. */
void labrig_hal_inject(labrig_line driver, int32_t picoamperes);

/* Open the switch, turn the nudge off, set the DAC to 0 V. */
void labrig_hal_release(labrig_line driver);

/* Start to wait, in steps of 10 us; whether the wait is over. */
void labrig_hal_settle(uint16_t steps);
bool labrig_hal_settled(void);

/* One conversion of each of successive channels, as the wire has them: u16 with the low byte first, each so many bytes
 * behind the one before. Channels: the lines, then the driver's side of each driver. */
void labrig_hal_scan(labrig_line first, labrig_line count, uint8_t *codes, uint8_t apart);

#ifdef LABRIG_MEMRISTORS
/* What pulses can be; constant while the board runs. Widths in 10 ns; the step is not 0. */
struct labrig_pulse_range {
    uint16_t highest_set_mv, highest_reset_mv, step_mv;
    uint32_t shortest, longest;
};
const struct labrig_pulse_range *labrig_hal_pulse_range(void);

/* Start a pulse across a branch, positive where it raises the conductance; all drivers are at 0 V. Whether it is over. The
 * release of a driver ends it as well. */
void labrig_hal_pulse(uint16_t branch, int16_t millivolts, uint32_t width);
bool labrig_hal_pulsed(void);
#endif

uint16_t labrig_hal_supply_mv(void);
int16_t labrig_hal_temperature_cdegc(void);

#endif
