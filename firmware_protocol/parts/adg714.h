/* Analog Devices ADG714: eight switches behind a shift register of eight bits; all open after power-up. */
#ifndef ADG714_H
#define ADG714_H

#include "part.h"

struct adg714 {
    struct part_abuse abuse;
    uint8_t closed; /* bit k: switch k + 1 */
    uint8_t count, in;
};

extern const struct part_kind adg714_kind;

#endif
