/* A part on an SPI bus, as its datasheet describes it, a byte at a time; and what was done to it that it does not
 * allow. Nothing here knows the firmware. */
#ifndef PART_H
#define PART_H

#include <stdint.h>

/* How often a part was used against its datasheet. */
struct part_abuse {
    unsigned long too_fast;   /* bytes clocked above the part's limit */
    unsigned long wrong_mode; /* bytes clocked at an edge that the part does not take */
    unsigned long cut_short;  /* frames of another length than the part takes */
    unsigned long refused;    /* commands that the part does not know or is not ready for */
    unsigned long too_soon;   /* conversions begun before the part could */
};

struct part_clock {
    double hertz;
    uint8_t mode; /* CPOL << 1 | CPHA */
};

#define SAMPLES_RISING (1u << 0 | 1u << 3) /* modes 0 and 3 */
#define SAMPLES_FALLING (1u << 1 | 1u << 2)

/* Chip select goes low at a time in ns; a byte goes in while another comes out; chip select goes high. */
struct part_kind {
    const char *name;
    unsigned modes;
    double most_hertz;
    void (*select)(void *part, uint64_t ns);
    uint8_t (*exchange)(void *part, uint8_t in, const struct part_clock *clock);
    void (*deselect)(void *part);
};

static inline void part_check_clock(const struct part_kind *kind, struct part_abuse *abuse, const struct part_clock *clock)
{
    abuse->too_fast += clock->hertz > kind->most_hertz;
    abuse->wrong_mode += (kind->modes & 1u << clock->mode) == 0;
}

#endif
