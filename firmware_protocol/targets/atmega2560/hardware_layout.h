/* Where the parts of a board lie, for what is written by hand. */
#ifndef AVR_HARDWARE_LAYOUT_H
#define AVR_HARDWARE_LAYOUT_H

#define HARDWARE_WIPER 3
#define HARDWARE_AD5270 2
#define HARDWARE_INPUTS 15
#define HARDWARE_OUTPUTS 17

#ifndef __ASSEMBLER__
#include <stddef.h>

#include "hardware.h"

_Static_assert(offsetof(struct hardware, parts.wiper) == HARDWARE_WIPER && RECORD_AD5270 == HARDWARE_AD5270
                   && offsetof(struct hardware, config.inputs) == HARDWARE_INPUTS
                   && offsetof(struct hardware, config.outputs) == HARDWARE_OUTPUTS,
               "burst.S and update.S know the hardware");
#endif

#endif
