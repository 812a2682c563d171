#include "adg714.h"

static void begin(void *part, uint64_t ns)
{
    struct adg714 *chip = part;
    (void)ns;
    chip->count = 0;
}

static uint8_t exchange(void *part, uint8_t in, const struct part_clock *clock)
{
    struct adg714 *chip = part;
    const uint8_t out = chip->in;
    part_check_clock(&adg714_kind, &chip->abuse, clock);
    chip->in = in;
    chip->count++;
    return out;
}

/* Switch 8 comes first; the switches follow the shift register when SYNC rises. */
static void end(void *part)
{
    struct adg714 *chip = part;
    if (chip->count == 0) {
        chip->abuse.cut_short++;
        return;
    }
    chip->closed = chip->in;
}

const struct part_kind adg714_kind = {"ADG714", SAMPLES_FALLING, 30e6, begin, exchange, end};
