#include "measure.h"

#include <stddef.h>
#include <string.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "packing.h"

#define SETTLE_STEPS_A_MS 100u
#define SUM_BITS_MAX 20u

_Static_assert(LABRIG_MAX_AVERAGES >= 1u && LABRIG_MAX_AVERAGES <= 16u,
               "a sum of 16-bit readings is packed in 24 bits at most, and a nudge from it computed in 64");
_Static_assert(3u * LABRIG_MAX_LINES * SUM_BITS_MAX <= UINT16_MAX, "the bits of a state are counted in 16");
_Static_assert(offsetof(struct labrig_measure, boundaries) - offsetof(struct labrig_measure, settle)
                   == LABRIG_MEASURE_REQUEST_BOUNDARIES_AT,
               "the head is kept as it is told");

uint8_t labrig_sum_bits(uint8_t adc_bits, uint8_t averages)
{
    for (uint8_t rest = (uint8_t)(averages - 1u); rest != 0; rest >>= 1) {
        adc_bits++;
    }
    return adc_bits;
}

LABRIG_ONCE bool labrig_settles_within(uint16_t settle, uint8_t boundaries, uint16_t heartbeat_ms)
{
    return (uint32_t)settle * boundaries < (uint32_t)heartbeat_ms * SETTLE_STEPS_A_MS;
}

uint32_t labrig_convert(const struct labrig_config *config, labrig_line channel, uint8_t averages)
{
    const uint16_t mask = labrig_low_bits(config->adc_bits);
    uint32_t sum = 0;
    for (; averages > 0; averages--) {
        uint8_t code[2];
        labrig_hal_scan(channel, 1, code, 0);
        sum += labrig_get_u16(code) & mask;
    }
    return sum;
}

uint32_t labrig_measure_scaled(const struct labrig_measure *measure, uint32_t sum)
{
    if (measure->scaled_from == 0) {
        return sum;
    }
    for (uint8_t bits = measure->scaled_from; bits < SUM_BITS_MAX; bits++) {
        sum <<= 1;
    }
    return (sum + 8u) >> (SUM_BITS_MAX - 16u);
}

static bool possible(const struct labrig_measure *measure, const struct labrig_config *config, uint8_t times,
                     uint16_t heartbeat_ms)
{
    labrig_line channels = labrig_lines(config);
    if ((config->features & LABRIG_FEATURE_SOURCE_SENSE) != 0) {
        channels = (labrig_line)(channels + labrig_drivers(config));
    }
    return measure->averages >= 1 && measure->averages <= LABRIG_MAX_AVERAGES && measure->scan_start <= channels
        && measure->scan_count <= channels - measure->scan_start
        && (heartbeat_ms == 0 || labrig_settles_within(measure->settle, times, heartbeat_ms));
}

uint8_t labrig_boundaries_check(const struct labrig_drivers_state *drivers, struct labrig_cursor cursor, uint8_t count,
                                uint8_t refused)
{
    uint8_t known = drivers->known;
    for (; count > 0; count--) {
        struct labrig_boundary boundary;
        const uint8_t status = labrig_boundary_read(&cursor, drivers->config, &boundary);
        if (status != LABRIG_STATUS_OK) {
            return status;
        }
        const uint8_t sections = boundary.sections;
        if ((refused & LABRIG_REFUSED_DRIVES) != 0 && boundary.drives) {
            return LABRIG_STATUS_NOT_ARMED;
        }
        known = (uint8_t)(known | (sections & LABRIG_SECTION_INPUTS));
        if ((known & LABRIG_SECTION_INPUTS) == 0 || (sections & refused) != 0
            || ((sections & LABRIG_SECTION_TOWARD) != 0 && (known & LABRIG_SECTION_STORE) == 0)) {
            return LABRIG_STATUS_RANGE;
        }
        known = (uint8_t)(known | sections);
    }
    return cursor.at == cursor.end ? LABRIG_STATUS_OK : LABRIG_STATUS_LENGTH;
}

uint8_t labrig_measure(struct labrig_board *board)
{
    const struct labrig_request *asked = &board->asked;
    const struct labrig_config *config = board->config;
    struct labrig_measure *measure = &board->measure;
    const uint16_t heartbeat_ms = board->armed ? board->heartbeat_ms : 0;
    if (asked->length < LABRIG_MEASURE_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    memcpy((uint8_t *)measure + offsetof(struct labrig_measure, settle), asked->payload, LABRIG_MEASURE_REQUEST_SIZE);
    measure->cursor.at = asked->payload + LABRIG_MEASURE_REQUEST_BODY_AT;
    measure->cursor.end = asked->payload + asked->length;
    const uint8_t times = measure->boundaries != 0 ? measure->boundaries : 1;
    if (!possible(measure, config, times, heartbeat_ms)) {
        return LABRIG_STATUS_RANGE;
    }
    const uint8_t status = labrig_boundaries_check(&board->drivers, measure->cursor, measure->boundaries,
                                                   board->armed ? 0 : LABRIG_REFUSED_DRIVES);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    measure->sum_bits = labrig_sum_bits(config->adc_bits, measure->averages);
    const uint16_t size = labrig_packed_size(measure->scan_count, measure->sum_bits);
    if (size > LABRIG_MAX_PAYLOAD || size * times > LABRIG_MAX_PAYLOAD) {
        return LABRIG_STATUS_LENGTH;
    }
    measure->size = (uint8_t)size;
    measure->length = (uint8_t)(size * times);
    measure->readings = asked->reply;
    measure->apart = 1;
    measure->channel = 0;
    measure->store = 0;
    measure->scaled_from = 0;
    memset(asked->reply, 0, measure->length);
    measure->phase = LABRIG_PHASE_IMPOSE;
    return LABRIG_STATUS_OK;
}

static void impose(struct labrig_measure *measure, struct labrig_drivers_state *drivers)
{
    if (measure->boundaries != 0) {
        measure->store = labrig_drivers_impose(drivers, &measure->cursor) & LABRIG_SECTION_STORE;
    }
    labrig_hal_settle(measure->settle);
    measure->phase = LABRIG_PHASE_SETTLE;
}

static void store(struct labrig_measure *measure, struct labrig_drivers_state *drivers)
{
    const struct labrig_config *config = drivers->config;
    if (measure->channel < config->outputs) {
        const labrig_line line = (labrig_line)(config->inputs + measure->channel++);
        drivers->reference[line] = labrig_convert(config, line, measure->averages);
        return;
    }
    drivers->nudge.averages = measure->averages;
    if (measure->scaled_from == 0) { /* else terms will lie where the reference does */
        drivers->known |= LABRIG_SECTION_STORE;
    }
    measure->channel = 0;
    measure->phase = LABRIG_PHASE_SCAN;
}

/* What is told of the outputs of a stored state is what later nudges start from. */
static uint32_t reading(const struct labrig_measure *measure, const struct labrig_drivers_state *drivers,
                        labrig_line channel)
{
    const struct labrig_config *config = drivers->config;
    const labrig_line output = (labrig_line)(channel - config->inputs);
    if (measure->store != 0 && output < config->outputs) {
        return drivers->reference[channel];
    }
    return labrig_measure_scaled(measure, labrig_convert(config, channel, measure->averages));
}

/* Readings of 16 bits need no packing, and single conversions no sums. */
static void scan_words(struct labrig_measure *measure, const struct labrig_drivers_state *drivers, labrig_line first,
                       labrig_line left)
{
    const uint8_t apart = (uint8_t)(2u * measure->apart);
    uint8_t *at = measure->readings + apart * measure->channel;
    labrig_line count = 1;
    if (drivers->config->adc_bits == 16 && measure->averages == 1 && measure->store == 0) {
        count = left;
        labrig_hal_scan(first, count, at, apart);
    } else {
        labrig_put_u16(at, (uint16_t)reading(measure, drivers, first));
    }
    measure->channel = (labrig_line)(measure->channel + count);
}

static uint8_t scan(struct labrig_measure *measure, const struct labrig_drivers_state *drivers)
{
    const labrig_line left = (labrig_line)(measure->scan_count - measure->channel);
    const labrig_line channel = (labrig_line)(measure->scan_start + measure->channel);
    if (left != 0 && measure->sum_bits == 16) {
        scan_words(measure, drivers, channel, left);
        return 0;
    }
    if (left != 0) {
        labrig_pack(measure->readings, measure->channel++, measure->sum_bits, reading(measure, drivers, channel));
        return 0;
    }
    measure->readings += measure->size;
    measure->channel = 0;
    measure->phase = measure->boundaries > 1 ? LABRIG_PHASE_IMPOSE : LABRIG_PHASE_IDLE;
    if (measure->boundaries == 0) {
        return 0; /* the same state once more */
    }
    measure->boundaries--;
    return 1;
}

uint8_t labrig_measure_step(struct labrig_measure *measure, struct labrig_drivers_state *drivers)
{
    switch (measure->phase) {
    case LABRIG_PHASE_IMPOSE:
        impose(measure, drivers);
        return 0;
    case LABRIG_PHASE_SETTLE:
        if (labrig_hal_settled()) {
            measure->phase = measure->store != 0 ? LABRIG_PHASE_STORE : LABRIG_PHASE_SCAN;
        }
        return 0;
    case LABRIG_PHASE_STORE:
        store(measure, drivers);
        return 0;
    case LABRIG_PHASE_SCAN:
        return scan(measure, drivers);
    default:
        return 0;
    }
}
