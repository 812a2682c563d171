#include "mcp4351.h"

#include <stddef.h>

#define FULL_SCALE 0x100u
#define MID_SCALE 0x80u
#define VALUE 0x1FFu
#define STATUS_REGISTER 5

enum command { WRITE, INCREMENT, DECREMENT, READ };

void mcp4351_power_on(struct mcp4351 *chip)
{
    *chip = (struct mcp4351){.wiper = {MID_SCALE, MID_SCALE, MID_SCALE, MID_SCALE}, .terminals = {0x1FFu, 0x1FFu}};
}

/* Memory map: 0, 1, 6 and 7 are the wipers, 4 and 10 the terminal control; the rest is reserved. */
static uint16_t *find_register(struct mcp4351 *chip, uint8_t address)
{
    switch (address) {
    case 0: return &chip->wiper[0];
    case 1: return &chip->wiper[1];
    case 6: return &chip->wiper[2];
    case 7: return &chip->wiper[3];
    case 4: return &chip->terminals[0];
    case 10: return &chip->terminals[1];
    default: return NULL;
    }
}

static bool is_wiper(uint8_t address)
{
    return address == 0 || address == 1 || address == 6 || address == 7;
}

static bool legal(struct mcp4351 *chip, uint8_t address, enum command command)
{
    if (command == READ && address == STATUS_REGISTER) {
        return true;
    }
    if (command == INCREMENT || command == DECREMENT) {
        return is_wiper(address);
    }
    return find_register(chip, address) != NULL;
}

static void step_wiper(uint16_t *wiper, enum command command)
{
    if (command == INCREMENT && *wiper < FULL_SCALE) {
        ++*wiper;
    } else if (command == DECREMENT && *wiper > 0 && *wiper <= FULL_SCALE) {
        --*wiper;
    }
}

static void begin(void *part, uint64_t ns)
{
    struct mcp4351 *chip = part;
    (void)ns;
    chip->count = 0;
    chip->error = false;
}

static uint16_t read_register(struct mcp4351 *chip, uint8_t address)
{
    const uint16_t *source = find_register(chip, address);
    return source != NULL ? *source & VALUE : 0x1E0u; /* status: reserved bits read as ones */
}

/* Command byte: four bits of address, two of command, two of data. Output: ones, and at the seventh bit CMDERR, low
 * for a combination that does not exist; data of a read follow from the eighth. */
static uint8_t command_byte(struct mcp4351 *chip, uint8_t in)
{
    const uint8_t address = in >> 4;
    const enum command command = (in >> 2) & 3u;
    chip->first = in;
    if (!legal(chip, address, command)) {
        chip->error = true;
        chip->abuse.refused++;
        return 0xFC;
    }
    if (command == INCREMENT || command == DECREMENT) {
        step_wiper(find_register(chip, address), command);
        return 0xFF;
    }
    chip->count = 1;
    return command == READ ? (uint8_t)(0xFEu | read_register(chip, address) >> 8) : 0xFF;
}

static uint8_t data_byte(struct mcp4351 *chip, uint8_t in)
{
    const uint8_t address = chip->first >> 4;
    chip->count = 0;
    if (((chip->first >> 2) & 3u) == READ) {
        return (uint8_t)read_register(chip, address);
    }
    *find_register(chip, address) = (uint16_t)((chip->first & 1u) << 8 | in);
    return 0xFF;
}

static uint8_t exchange(void *part, uint8_t in, const struct part_clock *clock)
{
    struct mcp4351 *chip = part;
    part_check_clock(&mcp4351_kind, &chip->abuse, clock);
    if (chip->error) {
        return 0;
    }
    return chip->count == 0 ? command_byte(chip, in) : data_byte(chip, in);
}

static void end(void *part)
{
    struct mcp4351 *chip = part;
    chip->abuse.cut_short += chip->count != 0;
}

const struct part_kind mcp4351_kind = {"MCP4351", SAMPLES_RISING, 10e6, begin, exchange, end};
