/* HELLO, IDENTIFY and STATUS: answered outside a session; ARM. */
#include <stddef.h>
#include <string.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "packing.h"

_Static_assert(LABRIG_HELLO_REPLY_SIZE + LABRIG_TEXTS_MAX + LABRIG_PULSES_TOLD <= LABRIG_MAX_PAYLOAD, "a hello reply must fit");
_Static_assert(LABRIG_STATUS_REPLY_SIZE <= LABRIG_HELLO_REPLY_SIZE && LABRIG_IDENTIFY_REPLY_SIZE <= LABRIG_HELLO_REPLY_SIZE,
               "so must the others");
_Static_assert(LABRIG_HELLO_REPLY_INPUTS_AT + LABRIG_CONFIG_TOLD == LABRIG_HELLO_REPLY_HEARTBEAT_AT
                   && offsetof(struct labrig_config, through_max_ns) + 4u == LABRIG_CONFIG_TOLD
                   && LABRIG_HELLO_REPLY_INPUTS_AT + offsetof(struct labrig_config, dac_bits)
                       == LABRIG_HELLO_REPLY_DAC_BITS_AT,
               "what the board is lies as HELLO tells it");
_Static_assert(offsetof(struct labrig_board, temperature_cdegc) - offsetof(struct labrig_board, boot_count)
                       == LABRIG_STATUS_REPLY_TEMPERATURE_AT
                   && offsetof(struct labrig_board, states) - offsetof(struct labrig_board, boot_count)
                       == LABRIG_STATUS_REPLY_STATES_AT,
               "counts lie as STATUS tells them");

static void put_texts(struct labrig_board *board, uint8_t *at)
{
    board->asked.answered = (uint8_t)(at + labrig_hal_texts(at) - board->asked.reply);
}

/* HELLO and IDENTIFY begin alike. */
static uint8_t *put_version(const struct labrig_board *board)
{
    uint8_t *reply = board->asked.reply;
    reply[LABRIG_HELLO_REPLY_VERSION_AT] = LABRIG_VERSION;
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_FINGERPRINT_AT, LABRIG_FINGERPRINT);
    return reply;
}

static void put_hello(struct labrig_board *board)
{
    const struct labrig_config *config = board->config;
    uint8_t *reply = put_version(board);
    reply[LABRIG_HELLO_REPLY_FIRMWARE_MAJOR_AT] = LABRIG_FIRMWARE_MAJOR;
    reply[LABRIG_HELLO_REPLY_FIRMWARE_MINOR_AT] = LABRIG_FIRMWARE_MINOR;
    reply[LABRIG_HELLO_REPLY_FIRMWARE_PATCH_AT] = LABRIG_FIRMWARE_PATCH;
    labrig_put_u32(reply + LABRIG_HELLO_REPLY_BOOT_COUNT_AT, board->boot_count);
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_WINDOW_AT, LABRIG_WINDOW);
    reply[LABRIG_HELLO_REPLY_CREDIT_AT] = LABRIG_CREDIT;
    memcpy(reply + LABRIG_HELLO_REPLY_INPUTS_AT, config, LABRIG_CONFIG_TOLD);
    if (!labrig_can_learn(config)) {
        reply[LABRIG_HELLO_REPLY_FEATURES_AT] &= (uint8_t)~LABRIG_FEATURE_LEARN;
    }
#ifdef LABRIG_MEMRISTORS
    if (!labrig_can_verify(config)) {
        reply[LABRIG_HELLO_REPLY_FEATURES_AT] &= (uint8_t)~LABRIG_FEATURE_VERIFY;
    }
#endif
    labrig_put_u16(reply + LABRIG_HELLO_REPLY_HEARTBEAT_AT, LABRIG_HEARTBEAT_MS);
    reply[LABRIG_HELLO_REPLY_MAX_AVERAGES_AT] = LABRIG_MAX_AVERAGES;
    put_texts(board, reply + LABRIG_HELLO_REPLY_TLV_AT);
#ifdef LABRIG_MEMRISTORS
    board->asked.answered = (uint8_t)(board->asked.answered + labrig_pulses_told(config, reply + board->asked.answered));
#endif
}

uint8_t labrig_hello(struct labrig_board *board)
{
    const uint8_t *payload = board->asked.payload;
    put_hello(board);
    if (board->asked.length != LABRIG_HELLO_REQUEST_SIZE || payload[LABRIG_HELLO_REQUEST_VERSION_AT] != LABRIG_VERSION
        || labrig_get_u32(payload + LABRIG_HELLO_REQUEST_FINGERPRINT_AT) != LABRIG_FINGERPRINT) {
        return LABRIG_STATUS_RANGE;
    }
    labrig_make_safe(board);
    board->heartbeat_ms = LABRIG_HEARTBEAT_MS;
    labrig_session_open(&board->session, (uint8_t)(board->request[LABRIG_HEADER_SEQ_AT] + 1u));
    return LABRIG_STATUS_OK;
}

uint8_t labrig_identify(struct labrig_board *board)
{
    uint8_t *reply = put_version(board);
    labrig_put_u32(reply + LABRIG_IDENTIFY_REPLY_BOOT_COUNT_AT, board->boot_count);
    put_texts(board, reply + LABRIG_IDENTIFY_REPLY_TLV_AT);
    return LABRIG_STATUS_OK;
}

uint8_t labrig_status(struct labrig_board *board)
{
    board->uptime_ms = labrig_hal_milliseconds() - board->started_ms;
    board->driven = labrig_drivers_count(&board->drivers);
    board->supply_mv = labrig_hal_supply_mv();
    board->temperature_cdegc = labrig_hal_temperature_cdegc();
    memcpy(board->asked.reply, (const uint8_t *)board + offsetof(struct labrig_board, boot_count),
           LABRIG_STATUS_REPLY_SIZE);
    board->asked.answered = LABRIG_STATUS_REPLY_SIZE;
    return LABRIG_STATUS_OK;
}

uint8_t labrig_arm(struct labrig_board *board)
{
    if (board->asked.length != LABRIG_ARM_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    const uint16_t heartbeat_ms = labrig_get_u16(board->asked.payload + LABRIG_ARM_REQUEST_HEARTBEAT_AT);
    if (heartbeat_ms == 0) {
        return LABRIG_STATUS_RANGE;
    }
    board->heartbeat_ms = heartbeat_ms;
    board->armed = true;
    return LABRIG_STATUS_OK;
}
