#include "mcp3208.h"

#include <math.h>

#define TOP 4095.0
#define SINGLE_ENDED 8u
#define COMMAND_BITS 4u /* behind the start bit */
#define NULL_BIT 6u     /* clocks behind the start bit: one to sample, then the null bit */

static void begin(void *part, uint64_t ns)
{
    struct mcp3208 *chip = part;
    (void)ns;
    chip->started = false;
    chip->bits = 0;
    chip->command = 0;
}

static void convert(struct mcp3208 *chip)
{
    const double volts = chip->volts(chip->circuit, chip->chip, chip->command & 7u);
    const double code = floor(volts / (chip->span / TOP) + 0.5);
    chip->code = (uint16_t)(code < 0.0 ? 0.0 : code > TOP ? TOP : code);
    chip->abuse.refused += (chip->command & SINGLE_ENDED) == 0; /* this model has no differential inputs */
}

/* One clock: the output before it, then the input taken at its rising edge. */
static unsigned clock_bit(struct mcp3208 *chip, unsigned in)
{
    if (!chip->started) {
        chip->started = in != 0;
        return 1;
    }
    chip->bits++;
    if (chip->bits <= COMMAND_BITS) {
        chip->command = (uint8_t)((unsigned)chip->command << 1 | in);
        if (chip->bits == COMMAND_BITS) {
            convert(chip);
        }
        return 1;
    }
    if (chip->bits <= NULL_BIT) {
        return chip->bits < NULL_BIT;
    }
    const unsigned place = chip->bits - NULL_BIT; /* 1: the highest bit */
    return place <= 12u ? (unsigned)chip->code >> (12u - place) & 1u : 0;
}

static uint8_t exchange(void *part, uint8_t in, const struct part_clock *clock)
{
    struct mcp3208 *chip = part;
    uint8_t out = 0;
    part_check_clock(&mcp3208_kind, &chip->abuse, clock);
    for (unsigned bit = 8; bit-- > 0;) {
        out = (uint8_t)((unsigned)out << 1 | clock_bit(chip, (unsigned)in >> bit & 1u));
    }
    return out;
}

static void end(void *part)
{
    struct mcp3208 *chip = part;
    chip->abuse.cut_short += chip->bits < NULL_BIT + 12u;
}

const struct part_kind mcp3208_kind = {"MCP3208", SAMPLES_RISING, 2e6, begin, exchange, end};
