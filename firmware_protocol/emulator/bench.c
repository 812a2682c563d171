/* Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

/* The reference board's wiring. Select lines: port A and the three lowest bits of port C. Enables, active low: port G. */
enum { PORT_A = 0x22, DDR_A = 0x21, PORT_C = 0x28, DDR_C = 0x27, PORT_G = 0x34, DDR_G = 0x33 };
#define HIGH_LINES 0x07u
enum { WIPERS, DACS, SWITCHES, ADCS };

static double line_volts(const void *context, unsigned chip, unsigned input)
{
    const struct bench *bench = context;
    const unsigned channel = 8u * chip + input;
    const struct labrig_config *config = &bench->circuit->config;
    const unsigned channels = labrig_lines(config) + (unsigned)labrig_drivers(config);
    return channel < channels ? circuit_read(bench->circuit, channel) : 0.0;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1u, size);
    if (memory == NULL) {
        fputs("no memory\n", stderr);
        exit(1);
    }
    return memory;
}

static void fill(struct group *group, unsigned count, const struct part_kind *kind, size_t size)
{
    char *parts = allocate(count, size);
    group->count = count;
    group->chips = allocate(count, sizeof *group->chips);
    for (unsigned k = 0; k < count; k++) {
        group->chips[k] = (struct slot){kind, parts + k * size};
    }
}

static _Noreturn void no_model(const char *what)
{
    fprintf(stderr, "there is no model of %s; known: wipers MCP4351 and AD5270, ADCs of 12 and 16 bits, DACs likewise\n",
            what);
    exit(2);
}

static void give_pulse(void *context, unsigned branch, double volts, double seconds)
{
    struct bench *bench = context;
    if (branch < bench->circuit->config.branches) {
        circuit_pulse(bench->circuit, branch, volts, seconds);
    } else {
        bench->nobody++;
    }
}

static void build_wipers(struct bench *bench)
{
    struct group *group = &bench->groups[WIPERS];
    const unsigned branches = bench->circuit->config.branches;
    if (bench->circuit->has_memristors) {
        fill(group, 1, &pulser_kind, sizeof(struct pulser));
        *(struct pulser *)group->chips[0].part = (struct pulser){.give = give_pulse, .context = bench};
    } else if (strncmp(bench->circuit->part, "MCP4351", 7) == 0) {
        fill(group, (branches + 3u) / 4u, &mcp4351_kind, sizeof(struct mcp4351));
        for (unsigned k = 0; k < group->count; k++) {
            mcp4351_power_on(group->chips[k].part);
        }
    } else if (strncmp(bench->circuit->part, "AD5270", 6) == 0) {
        fill(group, branches, &ad5270_kind, sizeof(struct ad5270));
        for (unsigned k = 0; k < group->count; k++) {
            ad5270_power_on(group->chips[k].part);
        }
    } else {
        no_model(bench->circuit->part);
    }
}

static void build_adcs(struct bench *bench)
{
    struct group *group = &bench->groups[ADCS];
    const struct labrig_config *config = &bench->circuit->config;
    const unsigned count = (labrig_lines(config) + labrig_drivers(config) + 7u) / 8u;
    if (config->adc_bits == 16) {
        fill(group, count, &ads8688_kind, sizeof(struct ads8688));
        for (unsigned k = 0; k < count; k++) {
            struct ads8688 *chip = group->chips[k].part;
            *chip = (struct ads8688){.volts = line_volts, .circuit = bench, .chip = k, .span = bench->circuit->adc_span};
            ads8688_power_on(chip);
        }
    } else if (config->adc_bits == 12) {
        fill(group, count, &mcp3208_kind, sizeof(struct mcp3208));
        for (unsigned k = 0; k < count; k++) {
            struct mcp3208 *chip = group->chips[k].part;
            *chip = (struct mcp3208){.volts = line_volts, .circuit = bench, .chip = k, .span = bench->circuit->adc_span};
        }
    } else {
        no_model("that ADC");
    }
}

/* What the wipers hold after power-up, whatever the circuit file says. */
static void power_on_circuit(struct circuit *circuit, unsigned code)
{
    for (unsigned k = 0; k < circuit->config.branches; k++) {
        circuit->branches[k].code = (uint16_t)code;
    }
    circuit_changed_branch();
}

static void check_size(const struct labrig_config *config)
{
    if (config->branches > RECORD_MOST_BRANCHES || labrig_lines(config) > RECORD_MOST_LINES) {
        fprintf(stderr, "an ATmega2560 has room for %u branches and %u lines; the circuit has %u and %u\n",
                RECORD_MOST_BRANCHES, RECORD_MOST_LINES, config->branches, labrig_lines(config));
        exit(2);
    }
    if (config->code_bits != 0 && config->code_bits < RECORD_LEAST_CODE_BITS) {
        fprintf(stderr, "an ATmega2560 takes codes of %u bits or more; the circuit has %u\n", RECORD_LEAST_CODE_BITS,
                config->code_bits);
        exit(2);
    }
}

void bench_build(struct bench *bench, struct circuit *circuit)
{
    const struct labrig_config *config = &circuit->config;
    const unsigned drivers = labrig_drivers(config);
    check_size(config);
    bench->circuit = circuit;
    bench->active = -1;
    build_wipers(bench);
    build_adcs(bench);
    if (config->dac_bits != 16 && config->dac_bits != 12) {
        no_model("that DAC");
    }
    fill(&bench->groups[DACS], (drivers + 7u) / 8u, &ad5676_kind, sizeof(struct ad5676));
    fill(&bench->groups[SWITCHES], (drivers + 7u) / 8u + (config->outputs + 7u) / 8u, &adg714_kind, sizeof(struct adg714));
    if (circuit->has_memristors) {
        return;
    }
    power_on_circuit(circuit, bench->groups[WIPERS].chips[0].kind == &mcp4351_kind ? 128u : 512u);
}

/* A register that takes no write gets back what it held. */
static void set_branch(struct bench *bench, unsigned branch, uint16_t *wiper, uint16_t full_scale)
{
    struct circuit *circuit = bench->circuit;
    if (branch >= circuit->config.branches) {
        return;
    }
    if (circuit->branches[branch].fault == UNWRITABLE) {
        *wiper = circuit->branches[branch].code;
    }
    circuit_write(circuit, branch, *wiper < full_scale ? *wiper : full_scale);
}

static uint64_t now_ns(const struct bench *bench)
{
    return (uint64_t)((double)bench->avr->cycle * (1e9 / bench->avr->frequency));
}

static void wiper_moved(struct bench *bench, unsigned number, struct slot *slot)
{
    bench->wiper_cycle = bench->avr->cycle;
    if (slot->kind == &pulser_kind) {
        pulser_deselected(slot->part, now_ns(bench));
        return;
    }
    if (slot->kind == &ad5270_kind) {
        set_branch(bench, number, &((struct ad5270 *)slot->part)->wiper, 1023u);
        return;
    }
    for (unsigned k = 0; k < 4; k++) {
        set_branch(bench, 4u * number + k, &((struct mcp4351 *)slot->part)->wiper[k], 256u);
    }
}

static bool switch_closed(const struct bench *bench, unsigned chip, unsigned place)
{
    return (((const struct adg714 *)bench->groups[SWITCHES].chips[chip + place / 8u].part)->closed >> place % 8u & 1u) != 0;
}

/* The source that a driver is now: its DAC, behind the drive resistor, the nudge resistor or nothing. */
static void update_driver(struct bench *bench, unsigned driver)
{
    const struct circuit *circuit = bench->circuit;
    const struct labrig_config *config = &circuit->config;
    const struct ad5676 *dac = bench->groups[DACS].chips[driver / 8u].part;
    const unsigned code = (unsigned)dac->output[driver % 8u] >> (16u - config->dac_bits);
    const bool drive = switch_closed(bench, 0, driver);
    const bool nudge = driver >= config->inputs
        && switch_closed(bench, (labrig_drivers(config) + 7u) / 8u, driver - config->inputs);
    bench->parallel += drive && nudge;
    const struct source now = {
        .kind = drive ? DRIVEN : nudge ? THROUGH : RELEASED,
        .volts = circuit_level(circuit, driver, code),
        .siemens = nudge && !drive ? bench->nudge : 0.0,
    };
    struct source *source = &bench->circuit->sources[driver];
    if (memcmp(&now, source, sizeof now) != 0) {
        const unsigned before = bench->driving;
        bench->driving += (now.kind != RELEASED) - (source->kind != RELEASED);
        if (before != 0 && bench->driving == 0) {
            bench->release_cycle = bench->avr->cycle;
        }
        *source = now;
        circuit_changed_source();
    }
}

static void drivers_moved(struct bench *bench, unsigned first)
{
    for (unsigned driver = first; driver < first + 8u && driver < labrig_drivers(&bench->circuit->config); driver++) {
        update_driver(bench, driver);
    }
}

static void switches_moved(struct bench *bench, unsigned number)
{
    const struct labrig_config *config = &bench->circuit->config;
    const unsigned drive_chips = (labrig_drivers(config) + 7u) / 8u;
    drivers_moved(bench, number < drive_chips ? 8u * number : config->inputs + 8u * (number - drive_chips));
}

static struct slot *selected(struct bench *bench)
{
    struct group *group = &bench->groups[bench->active];
    return bench->chip < group->count ? &group->chips[bench->chip] : NULL;
}

static void end_selection(struct bench *bench)
{
    struct slot *slot = selected(bench);
    if (slot != NULL) {
        slot->kind->deselect(slot->part);
        switch (bench->active) {
        case WIPERS: wiper_moved(bench, bench->chip, slot); break;
        case DACS: drivers_moved(bench, 8u * bench->chip); break;
        case SWITCHES: switches_moved(bench, bench->chip); break;
        default: break;
        }
    }
    bench->active = -1;
}

static void begin_selection(struct bench *bench, int group)
{
    bench->active = group;
    struct slot *slot = selected(bench);
    if (slot == NULL) {
        bench->nobody++;
        return;
    }
    slot->kind->select(slot->part, now_ns(bench));
}

static unsigned select_lines(const avr_t *avr)
{
    return (unsigned)(avr->data[PORT_A] & avr->data[DDR_A]) | (unsigned)(avr->data[PORT_C] & avr->data[DDR_C] & HIGH_LINES) << 8;
}

/* Pull-ups hold the enables while the processor does not. */
static unsigned enables(const avr_t *avr)
{
    return (unsigned)(avr->data[DDR_G] & ~avr->data[PORT_G]) & ((1u << GROUPS) - 1u);
}

static void pins_moved(struct bench *bench)
{
    const unsigned low = enables(bench->avr), chip = select_lines(bench->avr);
    const int group = low == 0 ? -1 : __builtin_ctz(low);
    bench->select_faults += (low & (low - 1u)) != 0;
    if (bench->active >= 0 && (group != bench->active || chip != bench->chip)) {
        bench->select_cuts += spi_master_busy(&bench->spi);
        bench->select_faults += group == bench->active;
        end_selection(bench);
    }
    bench->chip = chip;
    if (group >= 0 && bench->active < 0) {
        begin_selection(bench, group);
    }
}

static void write_pin_register(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    if (avr->data[address] != value) {
        avr->data[address] = value;
        pins_moved(param);
    }
}

static uint8_t exchange(void *context, uint8_t out, const struct part_clock *clock)
{
    struct bench *bench = context;
    struct slot *slot = bench->active >= 0 ? selected(bench) : NULL;
    if (slot == NULL) {
        bench->nobody++;
        return 0xFF;
    }
    return slot->kind->exchange(slot->part, out, clock);
}

void bench_attach(struct bench *bench, avr_t *avr)
{
    static const avr_io_addr_t registers[] = {PORT_A, DDR_A, PORT_C, DDR_C, PORT_G, DDR_G};
    bench->avr = avr;
    bench->spi.exchange = exchange;
    bench->spi.context = bench;
    spi_master_attach(&bench->spi, avr);
    for (unsigned k = 0; k < sizeof registers / sizeof *registers; k++) {
        avr->io[AVR_DATA_TO_IO(registers[k])].w.c = write_pin_register;
        avr->io[AVR_DATA_TO_IO(registers[k])].w.param = bench;
    }
}

void bench_reset(struct bench *bench)
{
    spi_master_reset(&bench->spi);
    pins_moved(bench);
}

/* Every model begins with its abuse. */
struct part_abuse bench_abuse(const struct bench *bench)
{
    struct part_abuse sum = {0};
    for (unsigned group = 0; group < GROUPS; group++) {
        for (unsigned k = 0; k < bench->groups[group].count; k++) {
            const struct part_abuse *abuse = bench->groups[group].chips[k].part;
            sum.too_fast += abuse->too_fast;
            sum.wrong_mode += abuse->wrong_mode;
            sum.cut_short += abuse->cut_short;
            sum.refused += abuse->refused;
            sum.too_soon += abuse->too_soon;
        }
    }
    return sum;
}
