/* Memristors that the host target plays: bounded, unlike in both directions, and unmoved below a threshold.
 *
 * The state w goes from 0 (the least conductance) to 1 (the greatest). A pulse of voltage v and width t moves it by
 *
 *     dose  =  speed · t · (|v| / threshold − 1)²          0 below the threshold
 *     w  ←  1 − (1 − w) / (1 + dose)   where v > 0         w  ←  w / (1 + dose)   where v < 0
 *
 * so that each pulse does less the nearer the bound is. It has no noise and forgets nothing. The threshold and the speed
 * of a direction are those of the model times 1 + spread · u, where u is drawn from −1 to 1. */
#ifndef HOST_MEMRISTOR_H
#define HOST_MEMRISTOR_H

#include <stdint.h>

enum direction { SETTING, RESETTING, DIRECTIONS };

/* Of all devices. */
struct memristors {
    double least, most;            /* S */
    double threshold[DIRECTIONS];  /* V, above 0 */
    double speed[DIRECTIONS];      /* 1/s */
    double spread;
    uint32_t seed;
};

struct memristor {
    double state;
    double threshold[DIRECTIONS];
    double speed[DIRECTIONS];
};

/* The device of a branch, at a conductance between the bounds. */
struct memristor memristor_made(const struct memristors *model, uint32_t branch, double siemens);

double memristor_conductance(const struct memristors *model, const struct memristor *device);

void memristor_pulse(struct memristor *device, double volts, double seconds);

/* From −1 to 1, by seed, branch and what is drawn: the upper 32 bits of splitmix64's scramble of
 * 2^32 seed + 4 branch + what + 1 times its increment, as a signed number over 2^31. What: thresholds, then speeds, by direction. */
double memristor_draw(uint32_t seed, uint32_t branch, uint32_t what);

#endif
