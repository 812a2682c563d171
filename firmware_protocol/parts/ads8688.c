#include "ads8688.h"

#include <math.h>

#define TOP 65535.0
#define PERIOD_NS 2000u /* 500 ksps */

/* Command register, the upper byte of the first 16 bits; below 0x80 it is the address of a program register. */
#define CONTINUE 0x00u
#define STAND_BY 0x82u
#define POWER_DOWN 0x83u
#define RESET 0x85u
#define MANUAL_FIRST 0xC0u
#define MANUAL_LAST 0xDCu
#define RANGE_FIRST 0x05u

/* Range register: width of the range as a multiple of the reference, and whether it begins at zero. */
#define UNIPOLAR_2_5 0x05u
#define UNIPOLAR_1_25 0x06u

void ads8688_power_on(struct ads8688 *chip)
{
    for (unsigned input = 0; input < 8; input++) {
        chip->range[input] = 0; /* +-2.5 of the reference */
    }
    chip->selected = 0;
    chip->powered_down = false;
    chip->began_ns = 0;
}

static uint16_t convert(const struct ads8688 *chip)
{
    const uint8_t range = chip->range[chip->selected];
    const double volts = chip->volts(chip->circuit, chip->chip, chip->selected);
    const double reference = chip->span / 1.25;
    double low = 0.0, width = 0.0;
    switch (range) {
    case UNIPOLAR_2_5: width = 2.5 * reference; break;
    case UNIPOLAR_1_25: width = chip->span; break;
    case 0: low = -2.5 * reference; width = -2.0 * low; break;
    case 1: low = -1.25 * reference; width = -2.0 * low; break;
    case 2: low = -0.625 * reference; width = -2.0 * low; break;
    default: return 0;
    }
    const double code = floor((volts - low) / (width / TOP) + 0.5);
    return (uint16_t)(code < 0.0 ? 0.0 : code > TOP ? TOP : code);
}

/* The falling edge of chip select samples the input that the frame before has chosen. */
static void begin(void *part, uint64_t ns)
{
    struct ads8688 *chip = part;
    chip->count = 0;
    chip->in = 0;
    chip->abuse.too_soon += chip->began_ns != 0 && ns - chip->began_ns < PERIOD_NS;
    chip->began_ns = ns;
    chip->code = chip->powered_down ? 0 : convert(chip);
}

/* 16 bits of command, then 16 of the conversion; a program register answers in its third byte. */
static uint8_t exchange(void *part, uint8_t in, const struct part_clock *clock)
{
    struct ads8688 *chip = part;
    part_check_clock(&ads8688_kind, &chip->abuse, clock);
    chip->in = chip->in << 8 | in;
    chip->count++;
    return (uint8_t)(chip->count == 3 ? chip->code >> 8 : chip->count == 4 ? chip->code : 0);
}

/* Address in seven bits, then a one for a write, then eight bits of data; a fourth byte is ignored. */
static void write_program_register(struct ads8688 *chip, uint16_t word)
{
    const uint8_t address = (uint8_t)(word >> 9);
    if (address < RANGE_FIRST || address >= RANGE_FIRST + 8u || (word & 0x100u) == 0) {
        chip->abuse.refused++;
        return;
    }
    chip->range[address - RANGE_FIRST] = word & 0x7u;
}

static void end(void *part)
{
    struct ads8688 *chip = part;
    if (chip->count < 3 || chip->count > 4) {
        chip->abuse.cut_short++;
        return;
    }
    const uint16_t word = (uint16_t)(chip->count == 3 ? chip->in >> 8 : chip->in >> 16);
    const uint8_t command = (uint8_t)(word >> 8);
    if (command == CONTINUE) {
        return;
    }
    if (command < 0x80u) {
        write_program_register(chip, word);
        return;
    }
    if (chip->count != 4) {
        chip->abuse.cut_short++;
    } else if (command >= MANUAL_FIRST && command <= MANUAL_LAST && command % 4u == 0) {
        chip->selected = (uint8_t)((command - MANUAL_FIRST) / 4u);
        chip->powered_down = false;
    } else if (command == POWER_DOWN) {
        chip->powered_down = true;
    } else if (command == RESET) {
        ads8688_power_on(chip);
    } else if (command != STAND_BY) {
        chip->abuse.refused++;
    }
}

const struct part_kind ads8688_kind = {"ADS8688", SAMPLES_FALLING, 17e6, begin, exchange, end};
