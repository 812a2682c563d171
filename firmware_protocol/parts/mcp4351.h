/* Microchip MCP4351 (DS22242): four volatile wipers of 257 taps. */
#ifndef MCP4351_H
#define MCP4351_H

#include <stdbool.h>

#include "part.h"

struct mcp4351 {
    struct part_abuse abuse;
    uint16_t wiper[4], terminals[2]; /* TCON0, TCON1 */
    uint8_t count, first;            /* bytes of the command, and its first */
    bool error;                      /* until chip select goes high, nothing is taken */
};

extern const struct part_kind mcp4351_kind;

void mcp4351_power_on(struct mcp4351 *chip);

#endif
