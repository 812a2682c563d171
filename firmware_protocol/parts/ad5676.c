#include "ad5676.h"

enum command {
    NOTHING,
    WRITE_INPUT,
    UPDATE,
    WRITE_AND_UPDATE,
    RESET = 6,
};

void ad5676_power_on(struct ad5676 *chip)
{
    *chip = (struct ad5676){0}; /* RSTSEL low: zero scale */
}

static void begin(void *part, uint64_t ns)
{
    struct ad5676 *chip = part;
    (void)ns;
    chip->count = 0;
}

static uint8_t exchange(void *part, uint8_t in, const struct part_clock *clock)
{
    struct ad5676 *chip = part;
    part_check_clock(&ad5676_kind, &chip->abuse, clock);
    chip->in = (chip->in << 8 | in) & 0xFFFFFFu;
    chip->count++;
    return 0xFF;
}

/* Four bits of command, four of address (0 ... 7), 16 of data. */
static void end(void *part)
{
    struct ad5676 *chip = part;
    uint8_t channel = (chip->in >> 16) & 0xFu;
    const uint16_t data = (uint16_t)chip->in;
    if (chip->count != 3) {
        chip->abuse.cut_short++;
        return;
    }
    switch (chip->in >> 20) {
    case NOTHING:
        break;
    case WRITE_INPUT:
    case UPDATE:
    case WRITE_AND_UPDATE:
        if (channel > 7) {
            chip->abuse.refused++;
            break;
        }
        if (chip->in >> 20 != UPDATE) {
            chip->input[channel] = data;
        }
        if (chip->in >> 20 != WRITE_INPUT) {
            chip->output[channel] = chip->input[channel];
        }
        break;
    case RESET:
        for (channel = 0; channel < 8; channel++) {
            chip->input[channel] = chip->output[channel] = 0;
        }
        break;
    default: /* known to the part, but not to this model */
        chip->abuse.refused++;
        break;
    }
}

const struct part_kind ad5676_kind = {"AD5676", SAMPLES_FALLING, 50e6, begin, exchange, end};
