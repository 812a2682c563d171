/* A line that damages what it carries, the same way in every run. */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* The next of a sequence that its seed determines (splitmix64: Steele, Lea and Flood, OOPSLA 2014). */
uint32_t random_next(struct random *random);

/* 0 ... below - 1 */
static inline uint32_t random_below(struct random *random, uint32_t below)
{
    return (uint32_t)((uint64_t)random_next(random) * below >> 32);
}

struct line {
    struct random random;
    uint32_t damaged_in_a_million; /* bytes: one bit turned, lost, doubled, or a stray byte or zero before it */
    uint64_t carried, damaged;
};

/* What comes out of the line, at most twice what goes in. Returns how many bytes. */
size_t line_carry(struct line *line, const uint8_t *in, size_t count, uint8_t *out);

#endif
