/* What survives a reset: the boot count, as one line of text. */
#ifndef HOST_EEPROM_H
#define HOST_EEPROM_H

#include <stdint.h>

/* Count this start, in one atomic replacement of the file. NULL: no file, the count is 1. Exits on a bad file. */
uint32_t eeprom_count_boot(const char *path);

#endif
