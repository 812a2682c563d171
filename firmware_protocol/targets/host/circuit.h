/* The circuit that the host target plays: branches with a rheostat's law, or memristors, between lines, sources on the
 * lines. */
#ifndef HOST_CIRCUIT_H
#define HOST_CIRCUIT_H

#include <stdbool.h>
#include <stdint.h>

#include "labrig_hal.h"
#include "labrig_sizes.h"
#include "memristor.h"

enum fault { SOUND, OPEN, SHORT, STUCK, UNWRITABLE };

struct branch {
    int a, b;        /* lines */
    double r_ab, r_w; /* ohm */
    enum fault fault;
    uint16_t stuck;  /* the code that a stuck wiper keeps */
    uint16_t code;   /* what the chip's register holds; an unwritable one holds it for ever */
    struct memristor memristor; /* in place of the law, where the circuit has them; an unwritable one does not move */
};

/* A line of the ADC, or of the DAC. */
struct channel {
    bool stuck;
    uint16_t code; /* that the ADC gives for whatever the line has */
    double offset; /* V; what goes through has (1 + gain) volts + offset, and a bow */
    double gain;
    double bow;    /* V, in the middle of the span; 0 at its ends */
};

enum source_kind { RELEASED, DRIVEN, THROUGH, INJECTED };

struct source {
    enum source_kind kind;
    double volts;
    double siemens; /* of THROUGH */
    double amperes; /* of INJECTED */
};

#define TEXT_MAX 64u

struct circuit {
    struct labrig_config config;
    char part[TEXT_MAX + 1];
    uint8_t texts[2u * (2u + TEXT_MAX)]; /* tagged values: serial number and part */
    uint8_t texts_size;
    double adc_span, dac_span; /* V */
    double drive;              /* ohm, as stated; 0: the line is forced */
    double drives[LABRIG_MAX_LINES]; /* what each driver's has of that; 1: as stated */
    double steps;              /* of the law */
    bool has_memristors;
    struct memristors memristors;
    struct labrig_pulse_range pulses;
    double *deviations;        /* ohm by branch and code, what each differs from the law; NULL: nothing */
    struct branch branches[LABRIG_MAX_BRANCHES];
    struct source sources[LABRIG_MAX_LINES];
    struct channel channels[2 * LABRIG_MAX_LINES]; /* of the ADC: lines, then the DAC side of each driver */
    struct channel drivers[LABRIG_MAX_LINES];
    double volts[LABRIG_MAX_LINES]; /* of the lines, once solved */
};

/* Conductance of a branch as it is, S; 0 where open. */
double circuit_conductance(const struct circuit *circuit, const struct branch *branch);

/* Put a code into the register of a branch's chip, if it takes it. */
void circuit_write(struct circuit *circuit, unsigned branch, uint16_t code);

/* Give a pulse to a memristor, if it moves; above 0 V where the branch's first line is the higher one. */
void circuit_pulse(struct circuit *circuit, unsigned branch, double volts, double seconds);

/* The deviation of a branch at a code; the table is made when it is first asked for. NULL: no memory. */
double *circuit_deviation(struct circuit *circuit, unsigned branch, unsigned code);

/* What the ADC meets at a channel: a line, or after these the DAC side of a driver, V; stuck: its code's voltage. */
double circuit_read(struct circuit *circuit, unsigned channel);

/* What the DAC of a driver gives at a code, V. */
double circuit_level(const struct circuit *circuit, unsigned driver, unsigned code);

/* Bring `volts` up to date. A line with no conductive path to any source of voltage is at 0 V. */
void circuit_solve(struct circuit *circuit);

/* Tell that a conductance, or a source, has changed. */
void circuit_changed_branch(void);
void circuit_changed_source(void);

#endif
