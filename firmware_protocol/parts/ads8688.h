/* Texas Instruments ADS8688 (SBAS582): 16 bit, eight inputs, 500 ksps. */
#ifndef ADS8688_H
#define ADS8688_H

#include <stdbool.h>

#include "part.h"

struct ads8688 {
    struct part_abuse abuse;
    double (*volts)(const void *circuit, unsigned chip, unsigned input);
    const void *circuit;
    unsigned chip;
    double span; /* V of the range 0 ... 1.25 of the reference */
    uint8_t range[8];
    uint8_t selected; /* input that the next frame converts */
    bool powered_down;
    uint64_t began_ns;
    uint8_t count;
    uint32_t in;
    uint16_t code; /* of the conversion that this frame brings */
};

extern const struct part_kind ads8688_kind;

void ads8688_power_on(struct ads8688 *chip);

#endif
