/* The opening of a terminal, which pulls DTR and through it the reset of many boards.
 * Licence of this file: GPL-3.0-or-later, as that of the files beside it. */
#ifndef EMULATOR_OPENING_H
#define EMULATOR_OPENING_H

#include <stdbool.h>

/* Begin to watch a terminal by its path; returns a descriptor. Exits where that fails. */
int opening_watch(const char *terminal);

/* Whether it was opened since the last look. */
bool opening_seen(int watch);

#endif
