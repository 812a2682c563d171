#include "circuit_file.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labrig_protocol.h"

#define WORDS 10
#define LINE_LENGTH 1024

struct reader {
    const char *path;
    int line;
    int count; /* words of this line */
    char *words[WORDS];
    unsigned seen; /* header keywords, by their place in `keywords` */
    struct circuit *circuit;
};

/* Where a line may stand: what is not ANYWHERE stands once, before the first branch, if it is of what the branches are. */
enum place { ANYWHERE, HEADER, OF_WIPERS, OF_MEMRISTORS };

struct keyword {
    const char *name;
    int words; /* the keyword included */
    enum place place;
    void (*read)(struct reader *reader);
};

static void read_magic(struct reader *reader);
static void read_part(struct reader *reader);
static void read_lines(struct reader *reader);
static void read_codes(struct reader *reader);
static void read_law(struct reader *reader);
static void read_adc(struct reader *reader);
static void read_dac(struct reader *reader);
static void read_drive(struct reader *reader);
static void read_nudge(struct reader *reader);
static void read_learn(struct reader *reader);
static void read_memristors(struct reader *reader);
static void read_pulses(struct reader *reader);
static void read_branch(struct reader *reader);
static void read_fault(struct reader *reader);
static void read_stuck_channel(struct reader *reader);
static void read_offset_channel(struct reader *reader);
static void read_gain_channel(struct reader *reader);
static void read_offset_driver(struct reader *reader);
static void read_gain_driver(struct reader *reader);
static void read_bow_channel(struct reader *reader);
static void read_bow_driver(struct reader *reader);
static void read_drive_ratio(struct reader *reader);
static void read_deviation(struct reader *reader);

static uint16_t initial_code;

static const struct keyword keywords[] = {
    {"labrig-circuit", 2, HEADER, read_magic}, {"part", 2, HEADER, read_part},   {"lines", 4, HEADER, read_lines},
    {"codes", 5, OF_WIPERS, read_codes},       {"law", 3, OF_WIPERS, read_law},
    {"memristors", 9, OF_MEMRISTORS, read_memristors}, {"pulses", 6, OF_MEMRISTORS, read_pulses},
    {"adc", 3, HEADER, read_adc},              {"dac", 3, HEADER, read_dac},     {"drive", 2, HEADER, read_drive},
    {"nudge", 0, ANYWHERE, read_nudge},        {"learn", 1, ANYWHERE, read_learn}, {"branch", 0, ANYWHERE, read_branch},
    {"fault", 0, ANYWHERE, read_fault},        {"stuck-channel", 3, ANYWHERE, read_stuck_channel},
    {"offset-channel", 3, ANYWHERE, read_offset_channel}, {"gain-channel", 3, ANYWHERE, read_gain_channel},
    {"offset-driver", 3, ANYWHERE, read_offset_driver}, {"gain-driver", 3, ANYWHERE, read_gain_driver},
    {"bow-channel", 3, ANYWHERE, read_bow_channel}, {"bow-driver", 3, ANYWHERE, read_bow_driver},
    {"drive-ratio", 3, ANYWHERE, read_drive_ratio}, {"deviation", 4, ANYWHERE, read_deviation},
};
#define KEYWORDS (sizeof keywords / sizeof *keywords)

static _Noreturn void fail(const struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

static _Noreturn void fail(const struct reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", reader->path, reader->line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

static double number(const struct reader *reader, int place, double least, double most)
{
    const char *text = reader->words[place];
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value < least || value > most) {
        fail(reader, "'%s' of '%s' must be a number from %g to %g", text, reader->words[0], least, most);
    }
    return value;
}

static int integer(const struct reader *reader, int place, int least, int most)
{
    const double value = number(reader, place, least, most);
    if (value != floor(value)) {
        fail(reader, "'%s' of '%s' must be a whole number", reader->words[place], reader->words[0]);
    }
    return (int)value;
}

static void expect_words(const struct reader *reader, int words)
{
    if (reader->count != words) {
        fail(reader, "'%s' takes %d values, found %d", reader->words[0], words - 1, reader->count - 1);
    }
}

static void read_magic(struct reader *reader)
{
    (void)integer(reader, 1, 1, 1);
}

static void read_part(struct reader *reader)
{
    if (strlen(reader->words[1]) > TEXT_MAX) {
        fail(reader, "the name of a part may have %u characters", TEXT_MAX);
    }
    strcpy(reader->circuit->part, reader->words[1]);
}

static void read_lines(struct reader *reader)
{
    struct labrig_config *config = &reader->circuit->config;
    config->inputs = (uint16_t)integer(reader, 1, 1, (int)LABRIG_MAX_LINES);
    config->outputs = (uint16_t)integer(reader, 2, 1, (int)LABRIG_MAX_LINES);
    config->hidden = (uint16_t)integer(reader, 3, 0, (int)LABRIG_MAX_LINES);
    if (labrig_lines(config) > LABRIG_MAX_LINES) {
        fail(reader, "there may be %u lines, found %u", LABRIG_MAX_LINES, labrig_lines(config));
    }
    for (unsigned k = 0; k < labrig_lines(config); k++) {
        reader->circuit->drives[k] = 1.0;
    }
}

static void read_codes(struct reader *reader)
{
    struct labrig_config *config = &reader->circuit->config;
    config->code_bits = (uint8_t)integer(reader, 1, 1, 16);
    config->code_min = (uint16_t)integer(reader, 2, 0, (1 << config->code_bits) - 1);
    config->code_max = (uint16_t)integer(reader, 3, config->code_min, (1 << config->code_bits) - 1);
    initial_code = (uint16_t)integer(reader, 4, config->code_min, config->code_max);
}

static void read_law(struct reader *reader)
{
    if (strcmp(reader->words[1], "rheostat") != 0) {
        fail(reader, "unknown law '%s'; known: rheostat", reader->words[1]);
    }
    reader->circuit->steps = number(reader, 2, 1.0, 65536.0);
}

static double span(const struct reader *reader, uint8_t *bits, uint32_t *microvolts)
{
    const double volts = number(reader, 2, 1e-3, 1e3);
    *bits = (uint8_t)integer(reader, 1, 4, 16);
    *microvolts = (uint32_t)(volts * (double)LABRIG_PER_UV + 0.5);
    return volts;
}

static void read_adc(struct reader *reader)
{
    struct labrig_config *config = &reader->circuit->config;
    uint32_t microvolts = 0;
    reader->circuit->adc_span = span(reader, &config->adc_bits, &microvolts);
    config->adc_span_uv = microvolts;
}

static void read_dac(struct reader *reader)
{
    struct labrig_config *config = &reader->circuit->config;
    uint32_t microvolts = 0;
    reader->circuit->dac_span = span(reader, &config->dac_bits, &microvolts);
    config->dac_span_uv = microvolts;
}

static void read_drive(struct reader *reader)
{
    reader->circuit->drive = number(reader, 1, 0.0, 4e6);
    reader->circuit->config.drive_mohm = (uint32_t)(reader->circuit->drive * (double)LABRIG_PER_MOHM + 0.5);
}

static void read_nudge(struct reader *reader)
{
    struct labrig_config *config = &reader->circuit->config;
    const char *kind = reader->count > 1 ? reader->words[1] : "";
    if (strcmp(kind, "toward") == 0) {
        expect_words(reader, 2);
        config->features |= LABRIG_FEATURE_NUDGE_TOWARD;
    } else if (strcmp(kind, "inject") == 0) {
        expect_words(reader, 2);
        config->features |= LABRIG_FEATURE_INJECT;
    } else if (strcmp(kind, "through") == 0) {
        expect_words(reader, 4);
        const double least = number(reader, 2, 0.0, 4.0);
        const double most = number(reader, 3, least, 4.0);
        config->through_min_ns = (uint32_t)(least * (double)LABRIG_PER_NS + 0.5);
        config->through_max_ns = (uint32_t)(most * (double)LABRIG_PER_NS + 0.5);
        config->features |= LABRIG_FEATURE_NUDGE_THROUGH;
    } else {
        fail(reader, "unknown nudge '%s'; known: toward, through MIN_S MAX_S, inject", kind);
    }
}

static void read_learn(struct reader *reader)
{
    reader->circuit->config.features |= LABRIG_FEATURE_LEARN;
}

static void read_memristors(struct reader *reader)
{
    struct memristors *model = &reader->circuit->memristors;
    reader->circuit->has_memristors = true;
    model->least = number(reader, 1, 0.0, 1e3);
    model->most = number(reader, 2, model->least, 1e3);
    if (model->most == model->least) {
        fail(reader, "the bounds of 'memristors' must differ");
    }
    for (int k = 0; k < DIRECTIONS; k++) {
        model->threshold[k] = number(reader, 3 + k, 1e-3, 1e3);
        model->speed[k] = number(reader, 5 + k, 0.0, 1e18);
    }
    model->spread = number(reader, 7, 0.0, 0.9);
    model->seed = (uint32_t)integer(reader, 8, 0, INT_MAX);
}

static uint32_t whole(const struct reader *reader, int place, double per_unit, double least, double most)
{
    return (uint32_t)(number(reader, place, least, most) * per_unit + 0.5);
}

static void read_pulses(struct reader *reader)
{
    struct labrig_pulse_range *range = &reader->circuit->pulses;
    range->highest_set_mv = (uint16_t)whole(reader, 1, (double)LABRIG_PER_MV, 0.0, 32.0);
    range->highest_reset_mv = (uint16_t)whole(reader, 2, (double)LABRIG_PER_MV, 0.0, 32.0);
    range->step_mv = (uint16_t)whole(reader, 3, (double)LABRIG_PER_MV, 1e-3, 32.0);
    range->shortest = whole(reader, 4, (double)LABRIG_PER_10NS, 1e-8, 40.0);
    range->longest = whole(reader, 5, (double)LABRIG_PER_10NS, range->shortest / (double)LABRIG_PER_10NS, 40.0);
    reader->circuit->config.features |= LABRIG_FEATURE_PULSE | LABRIG_FEATURE_VERIFY;
}

static bool expected(const struct reader *reader, enum place place)
{
    const bool memristors = (reader->circuit->config.features & LABRIG_FEATURE_PULSE) != 0
        || reader->circuit->has_memristors;
    return place == HEADER || place == (memristors ? OF_MEMRISTORS : OF_WIPERS);
}

static void expect_header(const struct reader *reader)
{
    for (unsigned k = 0; k < KEYWORDS; k++) {
        if (keywords[k].place == OF_WIPERS && (reader->seen & 1u << k) != 0 && !expected(reader, OF_WIPERS)) {
            fail(reader, "'%s' stands beside 'memristors' or 'pulses', which have no wipers", keywords[k].name);
        }
        if (expected(reader, keywords[k].place) && (reader->seen & 1u << k) == 0) {
            fail(reader, "'%s' is missing; it must stand before the first branch", keywords[k].name);
        }
    }
}

static void read_branch(struct reader *reader)
{
    struct circuit *circuit = reader->circuit;
    const int last = labrig_lines(&circuit->config) - 1;
    expect_header(reader);
    if (circuit->config.branches == LABRIG_MAX_BRANCHES) {
        fail(reader, "there may be %u branches", LABRIG_MAX_BRANCHES);
    }
    expect_words(reader, circuit->has_memristors ? 4 : 5);
    struct branch *branch = &circuit->branches[circuit->config.branches];
    *branch = (struct branch){.a = integer(reader, 1, 0, last), .b = integer(reader, 2, 0, last)};
    if (branch->a == branch->b) {
        fail(reader, "a branch joins line %d to itself", branch->a);
    }
    if (circuit->has_memristors) {
        const double siemens = number(reader, 3, circuit->memristors.least, circuit->memristors.most);
        branch->memristor = memristor_made(&circuit->memristors, circuit->config.branches++, siemens);
        return;
    }
    circuit->config.branches++;
    branch->r_ab = number(reader, 3, 1e-3, 1e12);
    branch->r_w = number(reader, 4, 0.0, 1e12);
    branch->code = initial_code;
    if (branch->r_w == 0.0 && circuit->config.code_min == 0) {
        fail(reader, "a branch without wiper resistance would have no resistance at code 0");
    }
}

static void read_fault(struct reader *reader)
{
    struct circuit *circuit = reader->circuit;
    if (reader->count < 3) {
        fail(reader, "'fault' takes a branch and one of: open, short, unwritable, stuck CODE");
    }
    struct branch *branch = &circuit->branches[integer(reader, 1, 0, circuit->config.branches - 1)];
    const char *kind = reader->words[2];
    if (strcmp(kind, "open") == 0) {
        expect_words(reader, 3);
        branch->fault = OPEN;
    } else if (strcmp(kind, "unwritable") == 0) {
        expect_words(reader, 3);
        branch->fault = UNWRITABLE;
    } else if (circuit->has_memristors) {
        fail(reader, "unknown fault '%s' of a memristor; known: open, unwritable", kind);
    } else if (strcmp(kind, "short") == 0) {
        expect_words(reader, 3);
        branch->fault = SHORT;
        if (branch->r_w == 0.0) {
            fail(reader, "a branch without wiper resistance cannot be shorted");
        }
    } else if (strcmp(kind, "stuck") == 0) {
        expect_words(reader, 4);
        branch->fault = STUCK;
        branch->stuck = (uint16_t)integer(reader, 3, circuit->config.code_min, circuit->config.code_max);
    } else {
        fail(reader, "unknown fault '%s'; known: open, short, unwritable, stuck CODE", kind);
    }
}

static struct channel *named_channel(struct reader *reader)
{
    struct circuit *circuit = reader->circuit;
    expect_header(reader);
    const int channels = labrig_lines(&circuit->config) + labrig_drivers(&circuit->config);
    return &circuit->channels[integer(reader, 1, 0, channels - 1)];
}

static void read_stuck_channel(struct reader *reader)
{
    struct channel *channel = named_channel(reader);
    channel->stuck = true;
    channel->code = (uint16_t)integer(reader, 2, 0, (1 << reader->circuit->config.adc_bits) - 1);
}

static void read_offset_channel(struct reader *reader)
{
    named_channel(reader)->offset += number(reader, 2, -1e3, 1e3);
}

static void read_gain_channel(struct reader *reader)
{
    named_channel(reader)->gain = number(reader, 2, -0.9, 0.9);
}

static struct channel *named_driver(struct reader *reader)
{
    struct circuit *circuit = reader->circuit;
    expect_header(reader);
    return &circuit->drivers[integer(reader, 1, 0, labrig_drivers(&circuit->config) - 1)];
}

static void read_offset_driver(struct reader *reader)
{
    named_driver(reader)->offset = number(reader, 2, -1e3, 1e3);
}

static void read_gain_driver(struct reader *reader)
{
    named_driver(reader)->gain = number(reader, 2, -0.9, 0.9);
}

static void read_bow_channel(struct reader *reader)
{
    named_channel(reader)->bow = number(reader, 2, -1e3, 1e3);
}

static void read_bow_driver(struct reader *reader)
{
    named_driver(reader)->bow = number(reader, 2, -1e3, 1e3);
}

static void read_drive_ratio(struct reader *reader)
{
    struct circuit *circuit = reader->circuit;
    expect_header(reader);
    const int driver = integer(reader, 1, 0, labrig_drivers(&circuit->config) - 1);
    circuit->drives[driver] = number(reader, 2, 0.01, 100.0);
}

static void read_deviation(struct reader *reader)
{
    struct circuit *circuit = reader->circuit;
    if (circuit->has_memristors) {
        fail(reader, "memristors have no codes to deviate at");
    }
    const unsigned branch = (unsigned)integer(reader, 1, 0, circuit->config.branches - 1);
    const unsigned code = (unsigned)integer(reader, 2, circuit->config.code_min, circuit->config.code_max);
    double *deviation = circuit_deviation(circuit, branch, code);
    if (deviation == NULL) {
        fail(reader, "there is no memory for deviations");
    }
    *deviation = number(reader, 3, -1e12, 1e12);
    if (circuit->branches[branch].r_w + circuit->branches[branch].r_ab * code / circuit->steps + *deviation <= 0.0) {
        fail(reader, "branch %u would have no resistance at code %u", branch, code);
    }
}

static void read_statement(struct reader *reader)
{
    if (reader->seen == 0 && strcmp(reader->words[0], keywords[0].name) != 0) {
        fail(reader, "the file must begin with 'labrig-circuit 1', found '%s'", reader->words[0]);
    }
    for (unsigned k = 0; k < KEYWORDS; k++) {
        if (strcmp(reader->words[0], keywords[k].name) == 0) {
            if (keywords[k].place != ANYWHERE && (reader->seen & 1u << k) != 0) {
                fail(reader, "'%s' stands twice", keywords[k].name);
            }
            if (keywords[k].words != 0) {
                expect_words(reader, keywords[k].words);
            }
            keywords[k].read(reader);
            reader->seen |= 1u << k;
            return;
        }
    }
    fail(reader, "unknown keyword '%s'", reader->words[0]);
}

static void read_line(struct reader *reader, char *text)
{
    char *rest;
    reader->line++;
    reader->count = 0;
    if (strlen(text) == LINE_LENGTH - 1) {
        fail(reader, "a line may have %d characters", LINE_LENGTH - 2);
    }
    text[strcspn(text, "#\r\n")] = '\0';
    for (char *word = strtok_r(text, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest)) {
        if (reader->count == WORDS) {
            fail(reader, "too many words");
        }
        reader->words[reader->count++] = word;
    }
    if (reader->count > 0) {
        read_statement(reader);
    }
}

/* A board that learns knows which lines a branch joins by its number alone. */
static void expect_crossbar(const struct reader *reader)
{
    const struct circuit *circuit = reader->circuit;
    const struct labrig_config *config = &circuit->config;
    if ((config->features & LABRIG_FEATURE_LEARN) == 0) {
        return;
    }
    if (circuit->has_memristors) {
        fail(reader, "'learn' moves wipers, and memristors have none");
    }
    bool crossbar = config->branches == (uint32_t)config->inputs * config->outputs;
    for (int k = 0; k < config->branches; k++) {
        const struct branch *branch = &circuit->branches[k];
        crossbar = crossbar && branch->a == k / config->outputs
            && branch->b == config->inputs + k % config->outputs;
    }
    if (!crossbar) {
        fail(reader, "'learn' wants the branches of a crossbar: for each input in turn one to each output");
    }
}

static uint8_t *put_text(uint8_t *at, uint8_t tag, const char *text)
{
    const uint8_t size = (uint8_t)strlen(text);
    at[0] = tag;
    at[1] = size;
    memcpy(at + 2, text, size);
    return at + 2 + size;
}

void circuit_file_read(const char *path, const char *serial_number, struct circuit *circuit)
{
    struct reader reader = {.path = path, .circuit = circuit};
    char text[LINE_LENGTH];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    circuit->config.features = LABRIG_FEATURE_SOURCE_SENSE;
    while (fgets(text, sizeof text, file) != NULL) {
        read_line(&reader, text);
    }
    fclose(file);
    expect_header(&reader);
    if (circuit->config.branches == 0) {
        fail(&reader, "no branch");
    }
    expect_crossbar(&reader);
    if (circuit->config.adc_span_uv > 8ul * circuit->config.dac_span_uv) {
        fail(&reader, "the span of the ADC may be 8 times that of the DAC");
    }
    uint8_t *end = put_text(circuit->texts, LABRIG_TLV_SERIAL_NUMBER, serial_number);
    end = put_text(end, LABRIG_TLV_PART, circuit->part);
    circuit->texts_size = (uint8_t)(end - circuit->texts);
}
