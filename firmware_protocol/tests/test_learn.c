/* LEARN: its arithmetic against exact integers and real numbers, and what a board does while it learns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "commands.h"
#include "fake.h"
#include "labrig_protocol.h"
#include "packing.h"

int checks_made, checks_failed;

#define INPUTS 3u
#define OUTPUTS 2u
#define BRANCHES (INPUTS * OUTPUTS)
#define CHANGES 200000
#define LATENTS 20000
#define MIDDLE 0x800000ul

static uint32_t noise(void)
{
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

/* Whatever the readings are, as long as no pull takes more than 16 bits. Levels are rounded: each by half of a reading, times
 * the rate, and by one. */
static void a_change_is_the_scaled_difference_of_squares(void)
{
    for (uint32_t k = 0; k < CHANGES; k++) {
        struct labrig_update update = {0};
        update.request.rate = (uint8_t)(noise() & 0x7Fu);
        update.request.shift = (uint8_t)(8 + 8 * (k % 2));
        uint16_t readings[2][2];
        struct labrig_term terms[2];
        for (unsigned line = 0; line < 2; line++) {
            readings[line][0] = (uint16_t)noise();
            readings[line][1] = (uint16_t)(k % 3 ? readings[line][0] / 2u + noise() % 16384u : readings[line][0] ^ (noise() & 15u));
            terms[line].pull = (int16_t)readings[line][0];
            terms[line].level = readings[line][1];
        }
        labrig_update_prepare(update.request.rate, 2, terms);
        const int32_t change = labrig_update_change(&update.request, &terms[0], &terms[1]);
        const double free = (double)readings[1][0] - readings[0][0], clamped = (double)readings[1][1] - readings[0][1];
        const double pull = free - clamped;
        if (pull < INT16_MIN || pull > INT16_MAX) {
            CHECK(terms[1].pull - terms[0].pull == pull);
            continue;
        }
        const double exact = (free * free - clamped * clamped) * update.request.rate / 512;
        const double rounding = fabs(pull) * (update.request.rate / 512.0 + 1);
        CHECK(fabs(change * ldexp(1, update.request.shift) - exact) <= rounding + ldexp(1, update.request.shift - 1));
    }
}

/* A pull that takes more than 16 bits is the greatest or the least that does not, of a line as of a branch. */
static void pulls_are_kept_within_16_bits(void)
{
    struct labrig_update update = {.request = {.rate = 127, .shift = 8}};
    struct labrig_term terms[] = {{.pull = 0, .level = 65535}, {.pull = (int16_t)65535, .level = 0}};
    labrig_update_prepare(update.request.rate, 2, terms);
    CHECK(terms[0].pull == INT16_MIN && terms[1].pull == INT16_MAX);
    terms[0].level = 0;
    terms[1].level = 256;
    CHECK(labrig_update_change(&update.request, &terms[0], &terms[1]) == INT16_MAX);
    CHECK(labrig_update_change(&update.request, &terms[1], &terms[0]) == -INT16_MIN);
}

static uint8_t code_by_search(const struct labrig_learn_request *request, uint32_t latent)
{
    for (uint16_t code = request->lowest; code < request->highest; code++) {
        if ((uint64_t)latent * (128u * code + request->offset + 64u) >= 65536ull * request->law) {
            return (uint8_t)code;
        }
    }
    return request->highest;
}

/* Its resistance, in taps, is half a tap away from that of the latent at most. */
static bool nearest(const struct labrig_learn_request *request, uint32_t latent, uint8_t code)
{
    const double resistance = 512.0 * request->law / latent, away = code + request->offset / 128.0 - resistance;
    return (code == request->highest || away >= -0.5) && (code == request->lowest || away < 0.5);
}

static void the_code_is_the_nearest_from_wherever_the_walk_begins(void)
{
    for (uint32_t k = 0; k < LATENTS; k++) {
        struct labrig_learn_request request = {.offset = (uint16_t)(noise() % 1000u)};
        const uint8_t one = (uint8_t)noise(), other = (uint8_t)noise();
        request.lowest = one < other ? one : other;
        request.highest = one < other ? other : one;
        request.law = (uint32_t)(0xF00000ul / 512.0 * (request.lowest + request.offset / 128.0 + 0.02)); /* ceiling: 15 2**20 */
        const uint32_t latent = noise() & (k % 2 ? 0xFFFFFFu : 0x1FFFFFu);
        const uint8_t code = labrig_update_code(&request, latent, (uint8_t)noise());
        CHECK(code == code_by_search(&request, latent));
        CHECK(nearest(&request, latent, code));
    }
}

static void board_that_learns(void)
{
    fake_config.hidden = 0;
    fake_config.branches = BRANCHES;
    fake_config.features |= LABRIG_FEATURE_LEARN;
    fake_armed();
}

static uint8_t payload[LABRIG_MAX_PAYLOAD];

static uint8_t latents(uint32_t value)
{
    memset(payload, 0, sizeof payload);
    payload[LABRIG_LATENT_WRITE_REQUEST_COUNT_AT] = BRANCHES;
    for (uint8_t k = 0; k < BRANCHES; k++) {
        labrig_put_u16(payload + LABRIG_LATENT_WRITE_REQUEST_LATENTS_AT + 3 * k, (uint16_t)value);
        payload[LABRIG_LATENT_WRITE_REQUEST_LATENTS_AT + 3 * k + 2] = (uint8_t)(value >> 16);
    }
    return LABRIG_LATENT_WRITE_REQUEST_SIZE + 3 * BRANCHES;
}

static void load(uint8_t seq, uint32_t value)
{
    const uint8_t length = latents(value);
    CHECK(fake_ask(LABRIG_TYPE_LATENT_WRITE, seq, payload, length).flags == LABRIG_STATUS_OK);
}

/* Code 128 lies in the middle of the latents: 2**9 law = 128.5 MIDDLE. One free and one clamped state. */
static uint8_t learn(uint16_t steps)
{
    static const uint8_t body[] = {0x01, 0x07, 0x01, 0x20, 0x00, 0x03, 0x00, 0x04, 0x03, 0x05, 0x60, 0x00};
    memset(payload, 0, sizeof payload);
    payload[LABRIG_LEARN_REQUEST_AVERAGES_AT] = 1;
    labrig_put_u16(payload + LABRIG_LEARN_REQUEST_STEPS_AT, steps);
    payload[LABRIG_LEARN_REQUEST_RATE_AT] = 127;
    payload[LABRIG_LEARN_REQUEST_SHIFT_AT] = 8;
    labrig_put_u32(payload + LABRIG_LEARN_REQUEST_LAW_AT, 257ul * MIDDLE / 1024u);
    labrig_put_u16(payload + LABRIG_LEARN_REQUEST_OFFSET_AT, 64);
    payload[LABRIG_LEARN_REQUEST_LOWEST_AT] = 70;
    payload[LABRIG_LEARN_REQUEST_HIGHEST_AT] = 255;
    labrig_put_u32(payload + LABRIG_LEARN_REQUEST_FLOOR_AT, 0x400000);
    labrig_put_u32(payload + LABRIG_LEARN_REQUEST_CEILING_AT, 0xE00000);
    payload[LABRIG_LEARN_REQUEST_BOUNDARIES_AT] = 2;
    memcpy(payload + LABRIG_LEARN_REQUEST_BODY_AT, body, sizeof body);
    return LABRIG_LEARN_REQUEST_SIZE + sizeof body;
}

static uint32_t latent_of(uint8_t seq, uint8_t branch)
{
    const struct answer answer = FAKE_ASK(LABRIG_TYPE_LATENT_READ, seq, branch, 0, 1);
    CHECK(answer.flags == LABRIG_STATUS_OK && answer.length == 3);
    return (uint32_t)labrig_get_u16(answer.payload) | (uint32_t)answer.payload[2] << 16;
}

static void equal_states_change_nothing(void)
{
    board_that_learns();
    load(2, MIDDLE);
    const struct answer answer = fake_ask(LABRIG_TYPE_LEARN, 3, payload, learn(5));
    CHECK(answer.flags == LABRIG_STATUS_OK && answer.length == LABRIG_LEARN_REPLY_SIZE);
    CHECK(labrig_get_u16(answer.payload + LABRIG_LEARN_REPLY_STEPS_AT) == 5);
    CHECK(latent_of(4, 0) == MIDDLE && latent_of(5, BRANCHES - 1) == MIDDLE);
    CHECK(fake.wipers[0] == 128 && fake_driven() == INPUTS + OUTPUTS);
    const struct answer digest = fake_ask(LABRIG_TYPE_DIGEST, 6, NULL, 0);
    CHECK(memcmp(answer.payload, digest.payload, 4) == 0);
}

static void codes_follow_latents_that_are_loaded_anew_and_a_law_that_is_another(void)
{
    board_that_learns();
    load(2, MIDDLE);
    CHECK(fake_ask(LABRIG_TYPE_LEARN, 3, payload, learn(1)).flags == LABRIG_STATUS_OK);
    CHECK(FAKE_ASK(LABRIG_TYPE_LATENT_WRITE, 4, 0, 0, 1, 0, 0, 0x60).flags == LABRIG_STATUS_OK);
    CHECK(fake_ask(LABRIG_TYPE_LEARN, 5, payload, learn(1)).flags == LABRIG_STATUS_OK);
    CHECK(latent_of(6, 0) == 0x600000);
    CHECK(fake.wipers[0] == code_by_search(&board.learn.update.request, 0x600000) && fake.wipers[1] == 128);
    const uint8_t length = learn(1);
    labrig_put_u32(payload + LABRIG_LEARN_REQUEST_LAW_AT, 200ul * MIDDLE / 1024u);
    CHECK(fake_ask(LABRIG_TYPE_LEARN, 7, payload, length).flags == LABRIG_STATUS_OK);
    CHECK(fake.wipers[1] == code_by_search(&board.learn.update.request, MIDDLE) && fake.wipers[1] != 128);
}

static struct answer step_by_step(uint8_t seq, uint16_t steps, void (*after)(unsigned polls))
{
    fake_send(LABRIG_TYPE_LEARN, seq, payload, learn(steps));
    unsigned polls = 0;
    do {
        CHECK(labrig_poll(&board));
        if (polls > 0) {
            after(polls);
        }
        polls++;
    } while (board.learn.busy && polls < 10000);
    return fake_run();
}

/* Outputs read 1000 higher while they are clamped: which state it is, the drivers tell. */
static void raise_clamped(unsigned polls)
{
    (void)polls;
    const bool clamped = fake.drivers[INPUTS].kind == FAKE_DRIVEN;
    for (unsigned k = 0; k < OUTPUTS; k++) {
        fake.readings[INPUTS + k] = clamped ? 2000 : 1000;
    }
}

/* In readings of 16 bits, 16 times as large, an input of 1600 and an output that is pulled from 16000 to 32000. */
static void a_branch_moves_by_its_difference_of_squares(void)
{
    board_that_learns();
    load(2, MIDDLE);
    fake.readings[0] = 100;
    const struct answer answer = step_by_step(3, 1, raise_clamped);
    CHECK(answer.flags == LABRIG_STATUS_OK);
    const uint32_t levels = (24000ul * 127 >> 8) - (1600ul * 127 >> 8);
    CHECK(latent_of(4, 0) == MIDDLE - 16000ul * levels / 256);
    CHECK(fake.wipers[0] == code_by_search(&board.learn.update.request, latent_of(5, 0)) && fake.wipers[0] > 128);
    (void)step_by_step(6, 9, raise_clamped);
    CHECK(latent_of(7, 0) == 0x400000 && fake.wipers[0] == 255);
    CHECK(labrig_get_u16(fake_ask(LABRIG_TYPE_LEARN, 6, payload, 0).payload + LABRIG_LEARN_REPLY_AT_FLOOR_AT) == BRANCHES);
}

static void a_sample_with_a_reading_at_the_end_of_its_range_moves_nothing(void)
{
    board_that_learns();
    load(2, MIDDLE);
    fake.readings[INPUTS + 1] = 4095; /* floats in the free state, and is driven in the other */
    const struct answer answer = fake_ask(LABRIG_TYPE_LEARN, 3, payload, learn(2));
    CHECK(labrig_get_u16(answer.payload + LABRIG_LEARN_REPLY_UNUSED_AT) == 2);
    CHECK(latent_of(4, 1) == MIDDLE);
}

static void send_safe(unsigned polls)
{
    if (polls == 1) {
        fake_send(LABRIG_TYPE_SAFE, 4, NULL, 0);
    }
}

static void another_frame_ends_it_with_its_step(void)
{
    board_that_learns();
    load(2, MIDDLE);
    const struct answer answer = step_by_step(3, 1000, send_safe);
    CHECK(answer.type == (LABRIG_TYPE_LEARN | LABRIG_REPLY_BIT));
    CHECK(labrig_get_u16(answer.payload + LABRIG_LEARN_REPLY_STEPS_AT) == 1);
    CHECK(fake_run().type == (LABRIG_TYPE_SAFE | LABRIG_REPLY_BIT) && fake_driven() == 0);
}

static void tick(unsigned polls)
{
    (void)polls;
    fake.now_ms += 10;
}

static void it_ends_within_half_the_heartbeat_and_the_rest_may_be_asked_for(void)
{
    board_that_learns();
    load(2, MIDDLE);
    const struct answer answer = step_by_step(3, 1000, tick);
    const uint16_t done = labrig_get_u16(answer.payload + LABRIG_LEARN_REPLY_STEPS_AT);
    CHECK(answer.flags == LABRIG_STATUS_OK && done >= 1 && done < 50 && board.armed);
}

static void hang(unsigned polls)
{
    fake.settling = polls < 200;
    fake.now_ms += 10;
}

static void silence_ends_it_and_forgets_the_latents(void)
{
    board_that_learns();
    load(2, MIDDLE);
    const struct answer answer = step_by_step(3, 1000, hang);
    CHECK(answer.flags == LABRIG_STATUS_NOT_ARMED && answer.length == 0 && fake_driven() == 0);
    CHECK(FAKE_ASK(LABRIG_TYPE_LATENT_READ, 4, 0, 0, 1).flags == LABRIG_STATUS_RANGE);
}

static void a_write_forgets_the_latents_and_keeps_the_other_codes(void)
{
    board_that_learns();
    const struct answer before = fake_ask(LABRIG_TYPE_DIGEST, 2, NULL, 0);
    load(3, MIDDLE + 255);
    CHECK(memcmp(fake_ask(LABRIG_TYPE_DIGEST, 4, NULL, 0).payload, before.payload, 4) == 0);
    CHECK(FAKE_ASK(LABRIG_TYPE_WRITE, 5, 0, 0, 1, 128, 0).flags == LABRIG_STATUS_OK);
    CHECK(memcmp(fake_ask(LABRIG_TYPE_DIGEST, 6, NULL, 0).payload, before.payload, 4) == 0);
    CHECK(fake_ask(LABRIG_TYPE_LEARN, 7, payload, learn(1)).flags == LABRIG_STATUS_RANGE);
}

static void refused(uint8_t at, uint8_t value, uint8_t status)
{
    board_that_learns();
    load(2, MIDDLE);
    const uint8_t length = learn(1);
    payload[at] = value;
    CHECK(fake_ask(LABRIG_TYPE_LEARN, 3, payload, length).flags == status);
    CHECK(fake_driven() == 0);
}

static void what_it_cannot_do_is_refused_before_anything_moves(void)
{
    refused(LABRIG_LEARN_REQUEST_AVERAGES_AT, 0, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_AVERAGES_AT, 17, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_STEPS_AT, 0, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_RATE_AT, 128, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_SHIFT_AT, 24, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_LAW_AT + 3, 1, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_OFFSET_AT + 1, 0x80, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_LOWEST_AT, 0, LABRIG_STATUS_RANGE); /* the board's least code is 1 */
    refused(LABRIG_LEARN_REQUEST_HIGHEST_AT, 69, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_CEILING_AT + 3, 1, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_CEILING_AT + 2, 0x3F, LABRIG_STATUS_RANGE); /* below the floor */
    refused(LABRIG_LEARN_REQUEST_FLOOR_AT + 3, 1, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_BOUNDARIES_AT, 0, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_BOUNDARIES_AT, 1, LABRIG_STATUS_RANGE);
    refused(LABRIG_LEARN_REQUEST_BOUNDARIES_AT, 4, LABRIG_STATUS_LENGTH);
    refused(LABRIG_LEARN_REQUEST_BODY_AT, 0x03, LABRIG_STATUS_RANGE); /* store */
    board_that_learns();
    CHECK(fake_ask(LABRIG_TYPE_LEARN, 2, payload, learn(1)).flags == LABRIG_STATUS_RANGE); /* no latents */
    load(3, MIDDLE);
    (void)fake_ask(LABRIG_TYPE_SAFE, 4, NULL, 0);
    CHECK(fake_ask(LABRIG_TYPE_LEARN, 5, payload, learn(1)).flags == LABRIG_STATUS_NOT_ARMED);
}

static void codes_that_leave_no_room_for_latents_are_refused(void)
{
    board_that_learns();
    CHECK(FAKE_ASK(LABRIG_TYPE_WRITE, 2, 0, 0, 1, 0, 1).flags == LABRIG_STATUS_OK);
    CHECK(fake_ask(LABRIG_TYPE_LATENT_WRITE, 3, payload, latents(MIDDLE)).flags == LABRIG_STATUS_RANGE);
    CHECK(board.image[0] == 256);
}

static void a_board_that_is_no_crossbar_does_not_tell_the_feature(void)
{
    board_that_learns();
    fake_config.branches = BRANCHES - 1;
    fake_boot();
    const struct answer hello = fake_hello(0);
    CHECK((labrig_get_u32(hello.payload + LABRIG_HELLO_REPLY_FEATURES_AT) & LABRIG_FEATURE_LEARN) == 0);
    (void)FAKE_ASK(LABRIG_TYPE_ARM, 1, 0xE8, 0x03);
    CHECK(fake_ask(LABRIG_TYPE_LEARN, 2, payload, learn(1)).flags == LABRIG_STATUS_UNKNOWN);
    CHECK(fake_ask(LABRIG_TYPE_LATENT_WRITE, 3, payload, latents(1)).flags == LABRIG_STATUS_UNKNOWN);
}

int main(void)
{
    a_change_is_the_scaled_difference_of_squares();
    pulls_are_kept_within_16_bits();
    the_code_is_the_nearest_from_wherever_the_walk_begins();
    equal_states_change_nothing();
    codes_follow_latents_that_are_loaded_anew_and_a_law_that_is_another();
    a_branch_moves_by_its_difference_of_squares();
    a_sample_with_a_reading_at_the_end_of_its_range_moves_nothing();
    another_frame_ends_it_with_its_step();
    it_ends_within_half_the_heartbeat_and_the_rest_may_be_asked_for();
    silence_ends_it_and_forgets_the_latents();
    a_write_forgets_the_latents_and_keeps_the_other_codes();
    what_it_cannot_do_is_refused_before_anything_moves();
    codes_that_leave_no_room_for_latents_are_refused();
    a_board_that_is_no_crossbar_does_not_tell_the_feature();
    printf("learn: %d checks, %d failed\n", checks_made, checks_failed);
    return checks_failed != 0;
}
