#include "measure.h"

#include <string.h>

#include "labrig_protocol.h"
#include "packing.h"

#define SETTLE_STEPS_A_MS 100u
#define CHANNELS_A_STEP 8u

_Static_assert(LABRIG_MAX_AVERAGES >= 1u && LABRIG_MAX_AVERAGES <= 16u,
               "a sum of 16-bit readings is packed in 24 bits at most, and a nudge from it computed in 64");

uint8_t labrig_sum_bits(uint8_t adc_bits, uint8_t averages)
{
    uint8_t bits = adc_bits;
    for (uint16_t reach = 1; reach < averages; reach = (uint16_t)(reach << 1)) {
        bits++;
    }
    return bits;
}

static void read_head(struct labrig_measure *measure, const uint8_t *payload, uint8_t length)
{
    measure->settle = labrig_get_u16(payload + LABRIG_MEASURE_REQUEST_SETTLE_AT);
    measure->averages = payload[LABRIG_MEASURE_REQUEST_AVERAGES_AT];
    measure->scan_start = labrig_get_u16(payload + LABRIG_MEASURE_REQUEST_SCAN_START_AT);
    measure->scan_count = labrig_get_u16(payload + LABRIG_MEASURE_REQUEST_SCAN_COUNT_AT);
    measure->boundaries = payload[LABRIG_MEASURE_REQUEST_BOUNDARIES_AT];
    measure->cursor.at = payload + LABRIG_MEASURE_REQUEST_BODY_AT;
    measure->cursor.end = payload + length;
}

static uint8_t check_head(const struct labrig_measure *measure, const struct labrig_config *config,
                          uint16_t heartbeat_ms)
{
    const uint32_t channels = (uint32_t)labrig_lines(config)
        + ((config->features & LABRIG_FEATURE_SOURCE_SENSE) != 0 ? labrig_drivers(config) : 0u);
    const uint32_t settling = (uint32_t)measure->settle * (measure->boundaries != 0 ? measure->boundaries : 1u);
    const bool possible = measure->averages >= 1 && measure->averages <= LABRIG_MAX_AVERAGES
        && (uint32_t)measure->scan_start + measure->scan_count <= channels
        && (heartbeat_ms == 0 || settling < (uint32_t)heartbeat_ms * SETTLE_STEPS_A_MS);
    return possible ? LABRIG_STATUS_OK : LABRIG_STATUS_RANGE;
}

/* Walk through all boundaries, so that a request is carried out as a whole or not at all. */
static uint8_t check_boundaries(const struct labrig_measure *measure, const struct labrig_drivers_state *drivers,
                                bool armed)
{
    struct labrig_cursor cursor = measure->cursor;
    bool inputs_known = drivers->inputs_known;
    bool reference_known = drivers->reference_known;
    for (uint8_t k = 0; k < measure->boundaries; k++) {
        struct labrig_boundary boundary;
        const uint8_t status = labrig_boundary_read(&cursor, drivers->config, &boundary);
        if (status != LABRIG_STATUS_OK) {
            return status;
        }
        if (!armed && labrig_boundary_drives(&boundary, drivers->config)) {
            return LABRIG_STATUS_NOT_ARMED;
        }
        inputs_known = inputs_known || boundary.inputs.which != NULL;
        if (!inputs_known || (boundary.toward.which != NULL && !reference_known)) {
            return LABRIG_STATUS_RANGE;
        }
        reference_known = reference_known || (boundary.sections & LABRIG_SECTION_STORE) != 0;
    }
    return cursor.at == cursor.end ? LABRIG_STATUS_OK : LABRIG_STATUS_LENGTH;
}

uint8_t labrig_measure_begin(struct labrig_measure *measure, const struct labrig_drivers_state *drivers,
                             const uint8_t *payload, uint8_t length, uint16_t heartbeat_ms, uint8_t *reply)
{
    if (length < LABRIG_MEASURE_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    read_head(measure, payload, length);
    uint8_t status = check_head(measure, drivers->config, heartbeat_ms);
    if (status == LABRIG_STATUS_OK) {
        status = check_boundaries(measure, drivers, heartbeat_ms != 0);
    }
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    measure->code_mask = (uint16_t)(UINT16_MAX >> (16u - drivers->config->adc_bits));
    measure->sum_bits = labrig_sum_bits(drivers->config->adc_bits, measure->averages);
    const uint32_t size = labrig_packed_size(measure->scan_count, measure->sum_bits)
        * (measure->boundaries != 0 ? measure->boundaries : 1u);
    if (size > LABRIG_MAX_PAYLOAD) {
        return LABRIG_STATUS_LENGTH;
    }
    measure->length = (uint8_t)size;
    measure->readings = reply;
    measure->channel = 0;
    measure->store = false;
    measure->phase = measure->boundaries != 0 ? LABRIG_PHASE_IMPOSE : LABRIG_PHASE_SETTLE;
    memset(reply, 0, measure->length);
    if (measure->boundaries == 0) {
        labrig_hal_settle(measure->settle);
    }
    return LABRIG_STATUS_OK;
}

/* Sums of conversions of successive channels, at most CHANNELS_A_STEP. */
static void convert(const struct labrig_measure *measure, uint16_t first, uint8_t count, uint32_t *sums)
{
    uint16_t codes[CHANNELS_A_STEP];
    for (uint8_t k = 0; k < count; k++) {
        sums[k] = 0;
    }
    for (uint8_t averages = measure->averages; averages > 0; averages--) {
        labrig_hal_scan(first, count, codes);
        for (uint8_t k = 0; k < count; k++) {
            sums[k] += codes[k] & measure->code_mask;
        }
    }
}

static uint8_t next_channels(uint16_t channel, uint16_t channels)
{
    const uint16_t left = (uint16_t)(channels - channel);
    return left < CHANNELS_A_STEP ? (uint8_t)left : CHANNELS_A_STEP;
}

static void impose(struct labrig_measure *measure, struct labrig_drivers_state *drivers)
{
    struct labrig_boundary boundary;
    (void)labrig_boundary_read(&measure->cursor, drivers->config, &boundary);
    labrig_drivers_impose(drivers, &boundary);
    measure->store = (boundary.sections & LABRIG_SECTION_STORE) != 0;
    labrig_hal_settle(measure->settle);
    measure->phase = LABRIG_PHASE_SETTLE;
}

static void store(struct labrig_measure *measure, struct labrig_drivers_state *drivers)
{
    const struct labrig_config *config = drivers->config;
    const uint8_t count = next_channels(measure->channel, config->outputs);
    if (count != 0) {
        uint32_t sums[CHANNELS_A_STEP];
        convert(measure, (uint16_t)(config->inputs + measure->channel), count, sums);
        for (uint8_t k = 0; k < count; k++) {
            labrig_drivers_refer(drivers, measure->channel++, sums[k]);
        }
        return;
    }
    labrig_drivers_referred(drivers, measure->averages);
    measure->channel = 0;
    measure->phase = LABRIG_PHASE_SCAN;
}

static bool stored(const struct labrig_measure *measure, const struct labrig_config *config, uint16_t channel)
{
    return measure->store && channel >= config->inputs && channel - config->inputs < config->outputs;
}

/* Single conversions of 16 bits, which need neither sums nor packing. */
static void scan_words(struct labrig_measure *measure, uint16_t first, uint8_t count)
{
    uint16_t codes[CHANNELS_A_STEP];
    uint8_t *at = measure->readings + 2u * measure->channel;
    labrig_hal_scan(first, count, codes);
    for (uint8_t k = 0; k < count; k++, at += 2) {
        labrig_put_u16(at, codes[k]);
    }
    measure->channel = (uint16_t)(measure->channel + count);
}

/* Channels of a stored state go one by one: what is told of its outputs is what later nudges start from. */
static uint8_t scan(struct labrig_measure *measure, const struct labrig_drivers_state *drivers)
{
    const uint8_t next = next_channels(measure->channel, measure->scan_count);
    const uint8_t count = measure->store && next != 0 ? 1 : next;
    if (count != 0) {
        uint32_t sums[CHANNELS_A_STEP];
        const uint16_t first = (uint16_t)(measure->scan_start + measure->channel);
        if (measure->sum_bits == 16 && measure->averages == 1 && !measure->store) {
            scan_words(measure, first, count);
            return 0;
        }
        if (stored(measure, drivers->config, first)) {
            sums[0] = drivers->reference[first - drivers->config->inputs];
        } else {
            convert(measure, first, count, sums);
        }
        for (uint8_t k = 0; k < count; k++) {
            labrig_pack(measure->readings, measure->channel++, measure->sum_bits, sums[k]);
        }
        return 0;
    }
    measure->readings += labrig_packed_size(measure->scan_count, measure->sum_bits);
    measure->channel = 0;
    if (measure->boundaries == 0) {
        measure->phase = LABRIG_PHASE_IDLE;
        return 0; /* the same state once more */
    }
    measure->boundaries--;
    measure->phase = measure->boundaries != 0 ? LABRIG_PHASE_IMPOSE : LABRIG_PHASE_IDLE;
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
            measure->phase = measure->store ? LABRIG_PHASE_STORE : LABRIG_PHASE_SCAN;
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
