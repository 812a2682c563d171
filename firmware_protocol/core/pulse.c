#include "pulse.h"

#include <stddef.h>
#include <string.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "packing.h"

#define PULSE_BYTES 8u
#define AMPLITUDE_AT 2u
#define WIDTH_AT 4u
#define HALF_A_MS 50000u /* of a millisecond, in 10 ns */

_Static_assert(LABRIG_PER_10NS == 1000ul * 2u * HALF_A_MS, "widths are told in 10 ns");

bool labrig_amplitude_possible(bool sets, uint16_t millivolts)
{
    const struct labrig_pulse_range *range = labrig_hal_pulse_range();
    return millivolts <= (sets ? range->highest_set_mv : range->highest_reset_mv) && millivolts % range->step_mv == 0;
}

bool labrig_width_possible(uint32_t width)
{
    const struct labrig_pulse_range *range = labrig_hal_pulse_range();
    return width >= range->shortest && width <= range->longest;
}

bool labrig_can_pulse(const struct labrig_config *config)
{
    return (config->features & LABRIG_FEATURE_PULSE) != 0;
}

bool labrig_is_wipers(const struct labrig_config *config, uint8_t type)
{
    return config->code_bits == 0
        && (type == LABRIG_TYPE_WRITE || type == LABRIG_TYPE_WRITE_SPARSE || type == LABRIG_TYPE_READ);
}

uint8_t labrig_pulses_told(const struct labrig_config *config, uint8_t *to)
{
    const struct labrig_pulse_range *range = labrig_hal_pulse_range();
    if (!labrig_can_pulse(config)) {
        return 0;
    }
    to[0] = LABRIG_TLV_PULSES;
    to[1] = LABRIG_PULSES_TOLD - 2u;
    labrig_put_u16(to + 2, range->highest_set_mv);
    labrig_put_u16(to + 4, range->highest_reset_mv);
    labrig_put_u16(to + 6, range->step_mv);
    labrig_put_u32(to + 8, range->shortest);
    labrig_put_u32(to + 12, range->longest);
    return LABRIG_PULSES_TOLD;
}

void labrig_ground(struct labrig_drivers_state *drivers)
{
    for (labrig_line driver = labrig_drivers(drivers->config); driver-- > 0;) {
        labrig_hal_drive(driver, 0);
    }
    labrig_drivers_all(drivers);
}

static uint8_t check_pulses(const struct labrig_board *board, const uint8_t *at, uint8_t count)
{
    uint32_t left = (uint32_t)board->heartbeat_ms * HALF_A_MS;
    for (; count > 0; count--, at += PULSE_BYTES) {
        const int16_t amplitude = (int16_t)labrig_get_u16(at + AMPLITUDE_AT);
        const uint16_t magnitude = (uint16_t)(amplitude < 0 ? -(int32_t)amplitude : amplitude);
        const uint32_t width = labrig_get_u32(at + WIDTH_AT);
        if (labrig_get_u16(at) >= board->config->branches || amplitude == 0 || width >= left
            || !labrig_amplitude_possible(amplitude > 0, magnitude) || !labrig_width_possible(width)) {
            return LABRIG_STATUS_RANGE;
        }
        left -= width;
    }
    return LABRIG_STATUS_OK;
}

uint8_t labrig_pulse(struct labrig_board *board)
{
    const struct labrig_request *asked = &board->asked;
    struct labrig_pulses *pulses = &board->pulses;
    if (!labrig_can_pulse(board->config)) {
        return LABRIG_STATUS_UNKNOWN;
    }
    if (asked->length < LABRIG_PULSE_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    const uint8_t count = asked->payload[LABRIG_PULSE_REQUEST_COUNT_AT];
    if (asked->length != LABRIG_PULSE_REQUEST_SIZE + PULSE_BYTES * count) {
        return LABRIG_STATUS_LENGTH;
    }
    if (!board->armed) {
        return LABRIG_STATUS_NOT_ARMED;
    }
    pulses->next = asked->payload + LABRIG_PULSE_REQUEST_PULSES_AT;
    const uint8_t status = check_pulses(board, pulses->next, count);
    if (status == LABRIG_STATUS_OK) {
        labrig_ground(&board->drivers);
        pulses->left = count;
        asked->reply[LABRIG_PULSE_REPLY_GIVEN_AT] = 0;
        board->asked.answered = LABRIG_PULSE_REPLY_SIZE;
    }
    return status;
}

static void step_pulse(struct labrig_board *board)
{
    struct labrig_pulses *pulses = &board->pulses;
    if (!pulses->under_way) {
        labrig_hal_pulse(labrig_get_u16(pulses->next), (int16_t)labrig_get_u16(pulses->next + AMPLITUDE_AT),
                         labrig_get_u32(pulses->next + WIDTH_AT));
        board->asked.reply[LABRIG_PULSE_REPLY_GIVEN_AT]++;
        pulses->next += PULSE_BYTES;
        pulses->under_way = true;
    } else if (labrig_hal_pulsed()) {
        pulses->under_way = false;
        pulses->left--;
    }
}

bool labrig_pulses_busy(const struct labrig_board *board)
{
    return board->pulses.left != 0 || board->pulses.verify.phase != LABRIG_VERIFY_IDLE;
}

uint8_t labrig_pulses_step(struct labrig_board *board)
{
    if (board->pulses.left == 0) {
        return labrig_verify_step(board);
    }
    step_pulse(board);
    return LABRIG_PULSE_REPLY_SIZE;
}

uint8_t labrig_pulses_stop(struct labrig_board *board)
{
    struct labrig_pulses *pulses = &board->pulses;
    if (pulses->left == 0) {
        return labrig_verify_stop(board);
    }
    pulses->left = 0;
    pulses->under_way = false;
    return LABRIG_PULSE_REPLY_SIZE;
}
