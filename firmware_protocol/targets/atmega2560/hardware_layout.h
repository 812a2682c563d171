/* Where the part of the wipers is told, for burst.S. */
#ifndef AVR_HARDWARE_LAYOUT_H
#define AVR_HARDWARE_LAYOUT_H

#define HARDWARE_WIPER 3
#define HARDWARE_AD5270 2

#ifndef __ASSEMBLER__
#include <stddef.h>

#include "hardware.h"

_Static_assert(offsetof(struct hardware, parts.wiper) == HARDWARE_WIPER && RECORD_AD5270 == HARDWARE_AD5270,
               "burst.S knows which part the wipers are");
#endif

#endif
