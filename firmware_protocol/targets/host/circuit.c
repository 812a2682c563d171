/* Nodal analysis. The unknown lines are those that are neither forced nor floating; their matrix depends on the codes
 * and on which lines are driven and how, not on the voltages, so its factors are kept for a few patterns of drive. */
#include "circuit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "factor.h"

#define PATTERNS 4
#define FORCED (-1)
#define FLOATING (-2)

struct pattern {
    uint64_t branches; /* generation of the conductances it was factored for; 0: none */
    uint64_t used;
    enum source_kind kinds[LABRIG_MAX_LINES];
    double siemens[LABRIG_MAX_LINES];
    int place[LABRIG_MAX_LINES]; /* row of a line in the factor, FORCED or FLOATING */
    struct factor factor;
};

static struct pattern patterns[PATTERNS];
static uint64_t branch_generation = 1;
static uint64_t clock_of_use;
static bool stale = true;

void circuit_changed_branch(void)
{
    branch_generation++;
    stale = true;
}

void circuit_changed_source(void)
{
    stale = true;
}

double *circuit_deviation(struct circuit *circuit, unsigned branch, unsigned code)
{
    const size_t codes = (size_t)circuit->config.code_max + 1u;
    if (circuit->deviations == NULL) {
        circuit->deviations = calloc(LABRIG_MAX_BRANCHES * codes, sizeof *circuit->deviations);
    }
    return circuit->deviations == NULL ? NULL : &circuit->deviations[branch * codes + code];
}

static double resistance(const struct circuit *circuit, const struct branch *branch, uint16_t code)
{
    const double by_law = branch->r_w + branch->r_ab * code / circuit->steps;
    if (circuit->deviations == NULL) {
        return by_law;
    }
    const size_t codes = (size_t)circuit->config.code_max + 1u;
    return by_law + circuit->deviations[(size_t)(branch - circuit->branches) * codes + code];
}

double circuit_conductance(const struct circuit *circuit, const struct branch *branch)
{
    if (circuit->has_memristors) {
        return branch->fault == OPEN ? 0.0 : memristor_conductance(&circuit->memristors, &branch->memristor);
    }
    switch (branch->fault) {
    case OPEN:
        return 0.0;
    case SHORT:
        return 1.0 / branch->r_w;
    case STUCK:
        return 1.0 / resistance(circuit, branch, branch->stuck);
    default:
        return 1.0 / resistance(circuit, branch, branch->code);
    }
}

void circuit_write(struct circuit *circuit, unsigned branch, uint16_t code)
{
    struct branch *written = &circuit->branches[branch];
    if (written->fault != UNWRITABLE && written->code != code) {
        written->code = code;
        circuit_changed_branch();
    }
}

void circuit_pulse(struct circuit *circuit, unsigned branch, double volts, double seconds)
{
    if (circuit->branches[branch].fault == SOUND) {
        memristor_pulse(&circuit->branches[branch].memristor, volts, seconds);
        circuit_changed_branch();
    }
}

static double through(const struct channel *channel, double volts, double span)
{
    const double share = volts < 0.0 ? 0.0 : volts > span ? 1.0 : volts / span;
    return (1.0 + channel->gain) * volts + channel->offset + 4.0 * channel->bow * share * (1.0 - share);
}

double circuit_read(struct circuit *circuit, unsigned channel)
{
    const struct channel *converter = &circuit->channels[channel];
    const unsigned lines = labrig_lines(&circuit->config);
    if (converter->stuck) {
        return converter->code * (circuit->adc_span / (double)((1ul << circuit->config.adc_bits) - 1u));
    }
    if (channel >= lines) {
        return through(converter, circuit->sources[channel - lines].volts, circuit->adc_span);
    }
    circuit_solve(circuit);
    return through(converter, circuit->volts[channel], circuit->adc_span);
}

double circuit_level(const struct circuit *circuit, unsigned driver, unsigned code)
{
    const double top = (double)((1ul << circuit->config.dac_bits) - 1u);
    return through(&circuit->drivers[driver], code * (circuit->dac_span / top), circuit->dac_span);
}

static double source_conductance(const struct circuit *circuit, int line)
{
    const struct source *source = &circuit->sources[line];
    return source->kind == DRIVEN ? 1.0 / (circuit->drive * circuit->drives[line]) : source->kind == THROUGH ? source->siemens : 0.0;
}

static bool forced(const struct circuit *circuit, const struct source *source)
{
    return source->kind == DRIVEN && circuit->drive == 0.0;
}

static int find_root(int *parent, int line)
{
    while (parent[line] != line) {
        line = parent[line] = parent[parent[line]];
    }
    return line;
}

/* Give each unknown line a row; what no source of voltage reaches floats. Returns the number of rows. */
static int place_lines(const struct circuit *circuit, int *place)
{
    const int lines = labrig_lines(&circuit->config);
    int parent[LABRIG_MAX_LINES];
    bool reached[LABRIG_MAX_LINES] = {false};
    for (int k = 0; k < lines; k++) {
        parent[k] = k;
    }
    for (int k = 0; k < circuit->config.branches; k++) {
        const struct branch *branch = &circuit->branches[k];
        if (branch->fault != OPEN) {
            parent[find_root(parent, branch->a)] = find_root(parent, branch->b);
        }
    }
    for (int k = 0; k < lines; k++) {
        const struct source *source = &circuit->sources[k];
        if (source->kind == DRIVEN || (source->kind == THROUGH && source->siemens > 0.0)) {
            reached[find_root(parent, k)] = true;
        }
    }
    int rows = 0;
    for (int k = 0; k < lines; k++) {
        const bool fixed = forced(circuit, &circuit->sources[k]);
        place[k] = fixed ? FORCED : reached[find_root(parent, k)] ? rows++ : FLOATING;
    }
    return rows;
}

static void assemble(const struct circuit *circuit, struct pattern *pattern)
{
    struct factor *factor = &pattern->factor;
    factor_resize(factor, place_lines(circuit, pattern->place));
    for (int k = 0; k < labrig_lines(&circuit->config); k++) {
        if (pattern->place[k] >= 0) {
            *factor_at(factor, pattern->place[k], pattern->place[k]) = source_conductance(circuit, k);
        }
    }
    for (int k = 0; k < circuit->config.branches; k++) {
        const struct branch *branch = &circuit->branches[k];
        const double g = circuit_conductance(circuit, branch);
        const int a = pattern->place[branch->a], b = pattern->place[branch->b];
        if (a >= 0) {
            *factor_at(factor, a, a) += g;
        }
        if (b >= 0) {
            *factor_at(factor, b, b) += g;
        }
        if (a >= 0 && b >= 0) {
            *(a > b ? factor_at(factor, a, b) : factor_at(factor, b, a)) -= g;
        }
    }
    factor_cholesky(factor);
}

static bool matches(const struct pattern *pattern, const struct circuit *circuit)
{
    if (pattern->branches != branch_generation) {
        return false;
    }
    for (int k = 0; k < labrig_lines(&circuit->config); k++) {
        const struct source *source = &circuit->sources[k];
        if (pattern->kinds[k] != source->kind
            || (source->kind == THROUGH && pattern->siemens[k] != source->siemens)) {
            return false;
        }
    }
    return true;
}

static struct pattern *find_pattern(const struct circuit *circuit)
{
    struct pattern *oldest = &patterns[0];
    clock_of_use++;
    for (int k = 0; k < PATTERNS; k++) {
        if (matches(&patterns[k], circuit)) {
            patterns[k].used = clock_of_use;
            return &patterns[k];
        }
        if (patterns[k].used < oldest->used) {
            oldest = &patterns[k];
        }
    }
    for (int k = 0; k < labrig_lines(&circuit->config); k++) {
        oldest->kinds[k] = circuit->sources[k].kind;
        oldest->siemens[k] = circuit->sources[k].siemens;
    }
    oldest->branches = branch_generation;
    oldest->used = clock_of_use;
    assemble(circuit, oldest);
    return oldest;
}

static void right_side(const struct circuit *circuit, const struct pattern *pattern, double *right)
{
    memset(right, 0, sizeof(double) * (size_t)pattern->factor.rows);
    for (int k = 0; k < labrig_lines(&circuit->config); k++) {
        const struct source *source = &circuit->sources[k];
        if (pattern->place[k] >= 0) {
            right[pattern->place[k]] += source_conductance(circuit, k) * source->volts
                + (source->kind == INJECTED ? source->amperes : 0.0);
        }
    }
    for (int k = 0; circuit->drive == 0.0 && k < circuit->config.branches; k++) {
        const struct branch *branch = &circuit->branches[k];
        const int a = pattern->place[branch->a], b = pattern->place[branch->b];
        if (a >= 0 && b == FORCED) {
            right[a] += circuit_conductance(circuit, branch) * circuit->sources[branch->b].volts;
        } else if (b >= 0 && a == FORCED) {
            right[b] += circuit_conductance(circuit, branch) * circuit->sources[branch->a].volts;
        }
    }
}

void circuit_solve(struct circuit *circuit)
{
    if (!stale) {
        return;
    }
    double unknown[LABRIG_MAX_LINES];
    const struct pattern *pattern = find_pattern(circuit);
    right_side(circuit, pattern, unknown);
    factor_solve(&pattern->factor, unknown);
    for (int k = 0; k < labrig_lines(&circuit->config); k++) {
        const int place = pattern->place[k];
        circuit->volts[k] = place >= 0 ? unknown[place] : place == FORCED ? circuit->sources[k].volts : 0.0;
    }
    stale = false;
}
