/* The text that describes a circuit; README.md beside this file. */
#ifndef HOST_CIRCUIT_FILE_H
#define HOST_CIRCUIT_FILE_H

#include "circuit.h"

/* Read a circuit. On a mistake: one line on stderr with file and line, and exit status 2. */
void circuit_file_read(const char *path, const char *serial_number, struct circuit *circuit);

#endif
