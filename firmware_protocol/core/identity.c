/* HELLO, IDENTIFY and STATUS: answered outside a session. */
#include <string.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "packing.h"

_Static_assert(LABRIG_HELLO_REPLY_SIZE + 2u * (2u + LABRIG_TEXT_MAX) <= LABRIG_MAX_PAYLOAD, "a hello reply must fit");
_Static_assert(LABRIG_IDENTIFY_REPLY_SIZE <= LABRIG_HELLO_REPLY_SIZE, "an identify reply must fit");

/* A text that is longer than LABRIG_TEXT_MAX is cut: a reply has room for two of that length. */
static uint8_t put_text(uint8_t *at, uint8_t tag, const char *text)
{
    const size_t all = strlen(text);
    const uint8_t length = (uint8_t)(all < LABRIG_TEXT_MAX ? all : LABRIG_TEXT_MAX);
    at[0] = tag;
    at[1] = length;
    memcpy(at + 2, text, length);
    return (uint8_t)(length + 2u);
}

static uint8_t put_texts(uint8_t *at, const struct labrig_config *config)
{
    const uint8_t first = put_text(at, LABRIG_TLV_SERIAL_NUMBER, config->serial_number);
    return (uint8_t)(first + put_text(at + first, LABRIG_TLV_PART, config->part));
}

static void put_ranges(uint8_t *reply, const struct labrig_config *config)
{
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_INPUTS_AT, config->inputs);
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_OUTPUTS_AT, config->outputs);
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_HIDDEN_AT, config->hidden);
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_BRANCHES_AT, config->branches);
    reply[LABRIG_HELLO_REPLY_CODE_BITS_AT] = config->code_bits;
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_CODE_MIN_AT, config->code_min);
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_CODE_MAX_AT, config->code_max);
    reply[LABRIG_HELLO_REPLY_ADC_BITS_AT] = config->adc_bits;
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_ADC_SPAN_AT, config->adc_span_uv);
    reply[LABRIG_HELLO_REPLY_DAC_BITS_AT] = config->dac_bits;
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_DAC_SPAN_AT, config->dac_span_uv);
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_DRIVE_AT, config->drive_mohm);
    const uint32_t unlearnt = config->features & ~(uint32_t)LABRIG_FEATURE_LEARN;
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_FEATURES_AT, labrig_can_learn(config) ? config->features : unlearnt);
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_THROUGH_MIN_AT, config->through_min_ns);
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_THROUGH_MAX_AT, config->through_max_ns);
}

static uint8_t put_hello(const struct labrig_board *board, uint8_t *reply)
{
    reply[LABRIG_HELLO_REPLY_VERSION_AT] = LABRIG_VERSION;
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_FINGERPRINT_AT, LABRIG_FINGERPRINT);
    reply[LABRIG_HELLO_REPLY_FIRMWARE_MAJOR_AT] = LABRIG_FIRMWARE_MAJOR;
    reply[LABRIG_HELLO_REPLY_FIRMWARE_MINOR_AT] = LABRIG_FIRMWARE_MINOR;
    reply[LABRIG_HELLO_REPLY_FIRMWARE_PATCH_AT] = LABRIG_FIRMWARE_PATCH;
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_BOOT_COUNT_AT, board->boot_count);
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_WINDOW_AT, LABRIG_WINDOW);
    reply[LABRIG_HELLO_REPLY_CREDIT_AT] = LABRIG_CREDIT;
    put_ranges(reply, board->config);
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_HEARTBEAT_AT, LABRIG_HEARTBEAT_MS);
    reply[LABRIG_HELLO_REPLY_MAX_AVERAGES_AT] = LABRIG_MAX_AVERAGES;
    return (uint8_t)(LABRIG_HELLO_REPLY_SIZE + put_texts(reply + LABRIG_HELLO_REPLY_TLV_AT, board->config));
}

uint8_t labrig_hello(struct labrig_board *board, const struct labrig_request *request, uint8_t *length)
{
    *length = put_hello(board, request->reply);
    const bool same = request->length == LABRIG_HELLO_REQUEST_SIZE
        && request->payload[LABRIG_HELLO_REQUEST_VERSION_AT] == LABRIG_VERSION
        && labrig_get_u32(request->payload + LABRIG_HELLO_REQUEST_FINGERPRINT_AT) == LABRIG_FINGERPRINT;
    if (!same) {
        return LABRIG_STATUS_RANGE;
    }
    labrig_make_safe(board);
    board->heartbeat_ms = LABRIG_HEARTBEAT_MS;
    return LABRIG_STATUS_OK;
}

uint8_t labrig_identify(const struct labrig_board *board, const struct labrig_request *request, uint8_t *length)
{
    uint8_t *reply = request->reply;
    if (request->length != LABRIG_IDENTIFY_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    reply[LABRIG_IDENTIFY_REPLY_VERSION_AT] = LABRIG_VERSION;
    labrig_put_u32(reply + LABRIG_IDENTIFY_REPLY_FINGERPRINT_AT, LABRIG_FINGERPRINT);
    labrig_put_u32(reply + LABRIG_IDENTIFY_REPLY_BOOT_COUNT_AT, board->boot_count);
    *length = (uint8_t)(LABRIG_IDENTIFY_REPLY_SIZE + put_texts(reply + LABRIG_IDENTIFY_REPLY_TLV_AT, board->config));
    return LABRIG_STATUS_OK;
}

uint8_t labrig_status(const struct labrig_board *board, const struct labrig_request *request, uint8_t *length)
{
    uint8_t *reply = request->reply;
    if (request->length != LABRIG_STATUS_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    labrig_put_u32(reply + LABRIG_STATUS_REPLY_BOOT_COUNT_AT, board->boot_count);
    labrig_put_u32(reply + LABRIG_STATUS_REPLY_UPTIME_AT, labrig_hal_milliseconds() - board->started_ms);
    reply[LABRIG_STATUS_REPLY_ARMED_AT] = board->armed;
    labrig_put_u16(reply + LABRIG_STATUS_REPLY_DRIVEN_AT, labrig_drivers_count(&board->drivers));
    reply[LABRIG_STATUS_REPLY_FAULT_AT] = board->fault;
    labrig_put_u16(reply + LABRIG_STATUS_REPLY_HEARTBEAT_EXPIRED_AT, board->heartbeat_expired);
    labrig_put_u32(reply + LABRIG_STATUS_REPLY_FRAMES_GOOD_AT, board->frames_good);
    labrig_put_u32(reply + LABRIG_STATUS_REPLY_FRAMES_BAD_AT, board->frames_bad);
    labrig_put_u32(reply + LABRIG_STATUS_REPLY_OVERRUNS_AT, board->overruns);
    labrig_put_u32(reply + LABRIG_STATUS_REPLY_STATES_AT, board->states);
    labrig_put_u32(reply + LABRIG_STATUS_REPLY_CODES_WRITTEN_AT, board->codes_written);
    labrig_put_u16(reply + LABRIG_STATUS_REPLY_SUPPLY_AT, labrig_hal_supply_mv());
    labrig_put_u16(reply + LABRIG_STATUS_REPLY_TEMPERATURE_AT, (uint16_t)labrig_hal_temperature_cdegc());
    *length = LABRIG_STATUS_REPLY_SIZE;
    return LABRIG_STATUS_OK;
}
