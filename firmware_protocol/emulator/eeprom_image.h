/* The EEPROM's content as a file, and the record that provisions a board.
 * Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#ifndef EMULATOR_EEPROM_IMAGE_H
#define EMULATOR_EEPROM_IMAGE_H

#include <simavr/sim_avr.h>
#include <stdbool.h>
#include <stdint.h>

#include "circuit.h"

#define EEPROM_BYTES 4096u

struct eeprom_image {
    const char *path; /* NULL: forgotten at the end */
    uint8_t bytes[EEPROM_BYTES];
};

/* The file's content, or an erased EEPROM, with the record of this circuit in it. Exits on a file of another kind. */
void eeprom_image_load(struct eeprom_image *image, const char *path, const struct circuit *circuit, double nudge,
                       uint32_t baud);

/* Into the processor; and back, to the file in one atomic replacement where anything has changed. */
void eeprom_image_insert(const struct eeprom_image *image, avr_t *avr);
void eeprom_image_keep(struct eeprom_image *image, avr_t *avr);

#endif
