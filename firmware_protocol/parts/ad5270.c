#include "ad5270.h"

#define MID_SCALE 512u
#define DATA 0x3FFu
#define WRITABLE 2u
/* The open-drain output is valid 450 ns after an edge. */
#define MOST_HERTZ_READ (0.5 / 450e-9)

enum command {
    NOTHING,
    WRITE_WIPER,
    READ_WIPER,
    STORE_WIPER,
    RESET,
    READ_STORED,
    READ_STORED_ADDRESS,
    WRITE_CONTROL,
    READ_CONTROL,
    SHUT_DOWN,
};

void ad5270_power_on(struct ad5270 *chip)
{
    *chip = (struct ad5270){.wiper = MID_SCALE};
}

static void begin(void *part, uint64_t ns)
{
    struct ad5270 *chip = part;
    (void)ns;
    chip->count = 0;
}

static uint8_t exchange(void *part, uint8_t in, const struct part_clock *clock)
{
    struct ad5270 *chip = part;
    part_check_clock(&ad5270_kind, &chip->abuse, clock);
    chip->abuse.too_fast += chip->reads && clock->hertz > MOST_HERTZ_READ;
    chip->in = (uint16_t)(chip->in << 8 | in);
    chip->count++;
    return (uint8_t)(chip->count == 1 ? chip->out >> 8 : chip->out);
}

static void answer(struct ad5270 *chip, uint16_t out)
{
    chip->out = out;
    chip->reads = true;
}

/* Two zeros, four bits of command, ten of data; taken when chip select rises after exactly 16 bits. */
static void end(void *part)
{
    struct ad5270 *chip = part;
    const uint16_t data = chip->in & DATA;
    if (chip->count != 2) {
        chip->abuse.cut_short++;
        return;
    }
    chip->reads = false;
    chip->out = 0;
    switch (chip->in >> 10) {
    case NOTHING:
        break;
    case WRITE_WIPER:
        if ((chip->control & WRITABLE) != 0) {
            chip->wiper = data;
        } else {
            chip->abuse.refused++;
        }
        break;
    case READ_WIPER:
        answer(chip, chip->wiper);
        break;
    case RESET:
        chip->wiper = MID_SCALE;
        break;
    case READ_STORED:
    case READ_STORED_ADDRESS:
        answer(chip, 0);
        break;
    case WRITE_CONTROL:
        chip->control = data & 3u;
        break;
    case READ_CONTROL:
        answer(chip, chip->control);
        break;
    case SHUT_DOWN:
        chip->shut_down = (data & 1u) != 0;
        break;
    default:
        chip->abuse.refused++;
        break;
    }
}

const struct part_kind ad5270_kind = {"AD5270", SAMPLES_FALLING, 50e6, begin, exchange, end};
