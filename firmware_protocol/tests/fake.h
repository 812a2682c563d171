/* A board without physics: what the core asked of its hardware, a clock to turn, and readings to choose. */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"

#define FAKE_INPUTS 3
#define FAKE_OUTPUTS 2
#define FAKE_HIDDEN 1
#define FAKE_BRANCHES 20
#define FAKE_DRIVERS (FAKE_INPUTS + FAKE_OUTPUTS)
#define FAKE_CHANNELS (FAKE_DRIVERS + FAKE_HIDDEN + FAKE_DRIVERS)

enum fake_kind { FAKE_RELEASED, FAKE_DRIVEN, FAKE_THROUGH, FAKE_INJECTED };

struct fake_driver {
    enum fake_kind kind;
    uint16_t code;
    uint32_t nanosiemens;
    int32_t picoamperes;
};

struct fake {
    uint32_t now_ms;
    bool settling; /* stays so until a test ends it */
    uint16_t settle_steps;
    struct fake_driver drivers[FAKE_DRIVERS];
    uint16_t wipers[FAKE_BRANCHES];
    uint16_t readings[FAKE_CHANNELS];
    unsigned conversions;
    unsigned pulses;       /* that were started */
    bool pulsing;          /* takes for ever, until a test ends it */
    unsigned loose_pulses; /* that were started while a line was not driven to 0 V */
    struct fake_pulse {
        uint16_t branch;
        int16_t millivolts;
        uint32_t width;
    } last_pulse;
    struct labrig_pulse_range range;
    void (*moved)(const struct fake_pulse *pulse); /* what a pulse does; NULL: nothing */
    void (*scanned)(void); /* before every conversion; NULL: readings are as they are */
    uint8_t texts[LABRIG_TEXTS_MAX], texts_size;
};

extern struct labrig_config fake_config; /* all features, as fake_boot finds it */
extern struct fake fake;
extern struct labrig_board board;

/* A reply, decoded. `type` 0: there was none. */
struct answer {
    uint8_t type, seq, flags, length;
    uint8_t payload[LABRIG_MAX_PAYLOAD];
};

/* Switch the board on anew; its session number is then 0. */
void fake_boot(void);

/* Boot, say hello with SEQ 0, and arm for a second: the next SEQ is 2. */
void fake_armed(void);

void fake_send(uint8_t type, uint8_t seq, const uint8_t *payload, uint8_t length);
void fake_send_bytes(const uint8_t *bytes, size_t count);

/* Let the board work until it has nothing to do; its reply, if any. */
struct answer fake_run(void);

struct answer fake_ask(uint8_t type, uint8_t seq, const uint8_t *payload, uint8_t length);
struct answer fake_hello(uint8_t seq);
unsigned fake_driven(void);

#define FAKE_ASK(type, seq, ...)                                                                                       \
    fake_ask((type), (seq), (const uint8_t[]){__VA_ARGS__}, (uint8_t)sizeof((const uint8_t[]){__VA_ARGS__}))

#endif
