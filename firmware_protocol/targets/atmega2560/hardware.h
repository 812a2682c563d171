/* What the parts of the board have in common, and the parts. */
#ifndef AVR_HARDWARE_H
#define AVR_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "labrig_hal.h"
#include "record.h"

/* In the order of the record. */
struct hardware {
    struct board_parts parts;
    struct labrig_config config;
};

extern struct hardware hardware;
extern struct labrig_board board;

/* Read the record and count this boot; returns the boot count. Without a valid record: no lines, no name, 1 Mbaud. */
uint32_t nonvolatile_begin(void);

/* Bring each kind of part to a known state; drivers are released by labrig_start. */
void clock_begin(void);
void switches_begin(void);
void wipers_begin(void);
void adc_begin(void);
void monitor_begin(void);

#ifdef LABRIG_MEMRISTORS
void pulses_begin(void);

/* Cut the pulse off that is under way, if there is one. */
void pulses_stop(void);
#endif

/* A driver's two switches: to its line through the drive resistor, or through the nudge resistor. */
enum path { PATH_OPEN, PATH_DRIVE, PATH_NUDGE };
void switches_set(uint8_t driver, enum path path);

#endif
