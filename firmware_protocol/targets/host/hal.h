/* The host target's hardware: a circuit in memory. */
#ifndef HOST_HAL_H
#define HOST_HAL_H

#include "circuit.h"

/* Which circuit labrig_hal.h acts on; call it before labrig_start. */
void hal_attach(struct circuit *circuit);

#endif
