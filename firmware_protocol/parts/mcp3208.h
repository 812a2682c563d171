/* Microchip MCP3208 (DS21298): 12 bit, eight inputs, 2 MHz at 5 V. */
#ifndef MCP3208_H
#define MCP3208_H

#include <stdbool.h>

#include "part.h"

struct mcp3208 {
    struct part_abuse abuse;
    double (*volts)(const void *circuit, unsigned chip, unsigned input);
    const void *circuit;
    unsigned chip;
    double span; /* V of the reference */
    bool started;
    uint8_t bits, command;
    uint16_t code;
};

extern const struct part_kind mcp3208_kind;

#endif
