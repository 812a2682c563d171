/* PULSE and VERIFY: what reaches the devices, what never does, the arithmetic of a read, and the bounds of the work. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "fake.h"
#include "labrig_protocol.h"
#include "packing.h"

int checks_made, checks_failed;

#define NOTHING NULL, 0
#define INPUTS 3u
#define OUTPUTS 2u
#define BRANCHES (INPUTS * OUTPUTS)
#define DRIVE_MOHM 1000000ul /* 1 kOhm */
#define READ 20000u
#define RECORDS LABRIG_VERIFY_REPLY_BRANCHES_AT
#define TOP 65535u
#define MICRO 1000u /* nS */

/* Conductances times the drive resistor. Inputs are as they are driven, and an output is where its currents add up to nothing. */
static double devices[BRANCHES];
static uint8_t payload[LABRIG_MAX_PAYLOAD];

static double nanosiemens(unsigned branch)
{
    return devices[branch] * 1e12 / DRIVE_MOHM;
}

static void settle_lines(void)
{
    for (unsigned i = 0; i < INPUTS; i++) {
        fake.readings[i] = fake.drivers[i].code;
    }
    for (unsigned j = 0; j < OUTPUTS; j++) {
        double sum = 0, weights = 1;
        for (unsigned i = 0; i < INPUTS; i++) {
            sum += devices[i * OUTPUTS + j] * fake.drivers[i].code;
            weights += devices[i * OUTPUTS + j];
        }
        fake.readings[INPUTS + j] = (uint16_t)(sum / weights + 0.5);
        fake.readings[2 * INPUTS + OUTPUTS + j] = fake.drivers[INPUTS + j].code;
    }
}

/* A tenth of the way to the greatest or least conductance for each 100 mV above 500. */
static void move(const struct fake_pulse *pulse)
{
    double *device = &devices[pulse->branch];
    const double over = fabs(pulse->millivolts / 1000.0) - 0.5;
    if (over > 0) {
        *device += ((pulse->millivolts > 0 ? 0.1 : 0.001) - *device) * over;
    }
}

static void move_slowly(const struct fake_pulse *pulse)
{
    move(pulse);
    fake.now_ms += 70;
}

static void board_of_memristors(void)
{
    static const struct labrig_config with_wipers = {
        .inputs = INPUTS, .outputs = OUTPUTS, .branches = BRANCHES, .adc_bits = 16, .adc_span_uv = 5000000, .dac_bits = 16,
        .dac_span_uv = 5000000, .drive_mohm = DRIVE_MOHM,
        .features = LABRIG_FEATURE_SOURCE_SENSE | LABRIG_FEATURE_PULSE | LABRIG_FEATURE_VERIFY,
    };
    fake_config = with_wipers;
    fake_armed();
    fake.moved = move;
    fake.scanned = settle_lines;
    for (unsigned k = 0; k < BRANCHES; k++) {
        devices[k] = 0.01 + 0.002 * k;
    }
}

static void put_pulse(uint8_t place, uint16_t branch, int16_t millivolts, uint32_t width)
{
    uint8_t *at = payload + LABRIG_PULSE_REQUEST_PULSES_AT + 8u * place;
    payload[LABRIG_PULSE_REQUEST_COUNT_AT] = (uint8_t)(place + 1u);
    labrig_put_u16(at, branch);
    labrig_put_u16(at + 2, (uint16_t)millivolts);
    labrig_put_u32(at + 4, width);
}

static struct answer ask_pulses(uint8_t seq)
{
    const uint8_t count = payload[LABRIG_PULSE_REQUEST_COUNT_AT];
    return fake_ask(LABRIG_TYPE_PULSE, seq, payload, (uint8_t)(LABRIG_PULSE_REQUEST_SIZE + 8u * count));
}

static void pulses_are_given_one_after_the_other_with_all_lines_at_0_v(void)
{
    board_of_memristors();
    put_pulse(0, 5, 1500, 100);
    put_pulse(1, 2, -3000, 1000000);
    const struct answer answer = ask_pulses(2);
    CHECK(answer.flags == LABRIG_STATUS_OK && answer.length == 1 && answer.payload[0] == 2);
    CHECK(fake.pulses == 2 && fake.loose_pulses == 0);
    CHECK(fake.last_pulse.branch == 2 && fake.last_pulse.millivolts == -3000 && fake.last_pulse.width == 1000000);
    CHECK(fake_driven() == INPUTS + OUTPUTS);
    CHECK(labrig_drivers_count(&board.drivers) == INPUTS + OUTPUTS);
    payload[LABRIG_PULSE_REQUEST_COUNT_AT] = 0;
    CHECK(ask_pulses(3).payload[0] == 0 && fake.pulses == 2);
}

/* The reply is thrown away; the host cannot know, and asks again. */
static void a_repeated_pulse_is_answered_again_and_never_given_twice(void)
{
    board_of_memristors();
    put_pulse(0, 1, 1000, 500);
    (void)ask_pulses(2);
    const double moved = devices[1];
    for (int k = 0; k < 5; k++) {
        const struct answer again = ask_pulses(2);
        CHECK(again.type == (LABRIG_TYPE_PULSE | LABRIG_REPLY_BIT) && again.flags == LABRIG_STATUS_OK);
        CHECK(again.length == 1 && again.payload[0] == 1);
    }
    CHECK(fake.pulses == 1 && devices[1] == moved);
    for (uint8_t seq = 3; seq < 3 + LABRIG_CREDIT; seq++) { /* until its reply is given up */
        (void)fake_ask(LABRIG_TYPE_PING, seq, &seq, 1);
    }
    CHECK(ask_pulses(2).type == LABRIG_TYPE_NAK && fake.pulses == 1);
    (void)fake_hello(90);
    CHECK(ask_pulses(2).type == LABRIG_TYPE_NAK && fake.pulses == 1); /* of another session */
}

static void refused_pulse(uint16_t branch, int16_t millivolts, uint32_t width)
{
    board_of_memristors();
    put_pulse(0, 0, 1000, 500);
    put_pulse(1, branch, millivolts, width);
    const struct answer answer = ask_pulses(2);
    CHECK(answer.flags == LABRIG_STATUS_RANGE && answer.length == 0 && fake.pulses == 0 && fake_driven() == 0);
}

static void a_pulse_that_is_out_of_range_keeps_the_others_back_too(void)
{
    refused_pulse(BRANCHES, 1000, 500);
    refused_pulse(0, 0, 500);
    refused_pulse(0, 2010, 500);
    refused_pulse(0, -3010, 500);
    refused_pulse(0, INT16_MIN, 500);
    refused_pulse(0, 1005, 500); /* the step is 10 mV */
    refused_pulse(0, 1000, 99);
    refused_pulse(0, 1000, 1000001);
    refused_pulse(0, 1000, 0xFFFFFFFF);
}

static void widths_must_stay_below_half_the_heartbeat(void)
{
    board_of_memristors();
    fake.range.longest = UINT32_MAX;
    put_pulse(0, 0, 1000, 25000000); /* 250 ms of 500 */
    put_pulse(1, 0, 1000, 25000000);
    CHECK(ask_pulses(2).flags == LABRIG_STATUS_RANGE);
    put_pulse(1, 0, 1000, 24999999);
    CHECK(ask_pulses(3).flags == LABRIG_STATUS_OK && fake.pulses == 2);
}

static void pulses_want_an_armed_board_that_has_them_and_their_exact_length(void)
{
    board_of_memristors();
    (void)fake_ask(LABRIG_TYPE_SAFE, 2, NOTHING);
    put_pulse(0, 0, 1000, 500);
    CHECK(ask_pulses(3).flags == LABRIG_STATUS_NOT_ARMED && fake.pulses == 0);
    (void)FAKE_ASK(LABRIG_TYPE_ARM, 4, 0xE8, 0x03);
    CHECK(fake_ask(LABRIG_TYPE_PULSE, 5, payload, 8).flags == LABRIG_STATUS_LENGTH);
    CHECK(fake_ask(LABRIG_TYPE_PULSE, 6, payload, 10).flags == LABRIG_STATUS_LENGTH);
    CHECK(fake_ask(LABRIG_TYPE_PULSE, 7, NOTHING).flags == LABRIG_STATUS_LENGTH);
    fake_config.features = LABRIG_FEATURE_SOURCE_SENSE;
    CHECK(ask_pulses(8).flags == LABRIG_STATUS_UNKNOWN && fake.pulses == 0);
}

static void silence_ends_a_pulse_and_is_told_with_how_many_were_given(void)
{
    board_of_memristors();
    put_pulse(0, 0, 1000, 500);
    put_pulse(1, 1, 1000, 500);
    put_pulse(2, 2, 1000, 500);
    fake_send(LABRIG_TYPE_PULSE, 2, payload, 25);
    while (fake.pulses < 2) {
        (void)labrig_poll(&board);
    }
    fake.pulsing = true;
    for (int k = 0; k < 10; k++) {
        (void)labrig_poll(&board);
    }
    fake.now_ms += 1000;
    const struct answer answer = fake_run();
    CHECK(answer.flags == LABRIG_STATUS_NOT_ARMED && answer.length == 1 && answer.payload[0] == 2);
    CHECK(fake_driven() == 0 && !board.armed && fake.pulses == 2);
    const struct answer again = ask_pulses(2);
    CHECK(again.flags == LABRIG_STATUS_NOT_ARMED && again.payload[0] == 2 && fake.pulses == 2);
}

static void hello_tells_the_range_of_pulses_behind_the_texts(void)
{
    board_of_memristors();
    fake.texts_size = LABRIG_TEXTS_MAX;
    const struct answer told = fake_hello(0);
    const uint8_t *at = told.payload + LABRIG_HELLO_REPLY_TLV_AT + LABRIG_TEXTS_MAX;
    CHECK(told.flags == LABRIG_STATUS_OK && told.length == LABRIG_HELLO_REPLY_SIZE + LABRIG_TEXTS_MAX + 16);
    CHECK(at[0] == LABRIG_TLV_PULSES && at[1] == 14 && labrig_get_u16(at + 2) == 2000 && labrig_get_u16(at + 4) == 3000);
    CHECK(labrig_get_u16(at + 6) == 10 && labrig_get_u32(at + 8) == 100 && labrig_get_u32(at + 12) == 1000000);
    const uint32_t both = LABRIG_FEATURE_PULSE | LABRIG_FEATURE_VERIFY;
    CHECK((labrig_get_u32(told.payload + LABRIG_HELLO_REPLY_FEATURES_AT) & both) == both);
    fake_config.branches = BRANCHES - 1; /* no crossbar */
    const struct answer other = fake_hello(0);
    CHECK((labrig_get_u32(other.payload + LABRIG_HELLO_REPLY_FEATURES_AT) & both) == LABRIG_FEATURE_PULSE);
}

static void a_board_without_wipers_does_not_know_their_requests(void)
{
    board_of_memristors();
    CHECK(FAKE_ASK(LABRIG_TYPE_WRITE, 2, 0, 0, 1).flags == LABRIG_STATUS_UNKNOWN);
    CHECK(FAKE_ASK(LABRIG_TYPE_WRITE_SPARSE, 3, 0, 0, 1, 0, 0).flags == LABRIG_STATUS_UNKNOWN);
    CHECK(FAKE_ASK(LABRIG_TYPE_READ, 4, 0, 0, 1).flags == LABRIG_STATUS_UNKNOWN);
    memset(fake.wipers, 0, sizeof fake.wipers);
    labrig_start(&board, &fake_config, 7);
    (void)fake_hello(0);
    CHECK(labrig_get_u32(fake_ask(LABRIG_TYPE_DIGEST, 1, NOTHING).payload) == 0);
}

/* Of random branches and voltages, against real numbers: rounded to the nS, and to the 2^-29 of the drive resistor's
 * conductance that the quotient is cut to, twice over for the cuts behind it. */
static void a_conductance_is_the_ratio_of_what_is_seen(void)
{
    uint64_t state = 88172645463325252ull;
    for (int k = 0; k < 100000; k++) {
        double x = 0, h = 0, volts[6];
        for (int at = 0; at < 6; at++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            volts[at] = (double)(state >> 44);
        }
        x = volts[4] / 1048576 * 3;
        h = volts[5] / 1048576;
        struct labrig_seen alone = {(int32_t)(volts[0] / 2 + 300000), 0, -(int32_t)(volts[1] / 16)};
        struct labrig_seen all = {(int32_t)(volts[2] / 2 + 300000), 0, (int32_t)(volts[3] + 300000)};
        alone.dropped = (int32_t)(x * alone.across + h * alone.others);
        all.dropped = (int32_t)(x * all.across + h * all.others);
        const uint32_t drive_mohm = (uint32_t)(1000 + (state & 0xFFFFFF) * 10);
        const double over = (double)alone.dropped * all.others - (double)all.dropped * alone.others;
        const double under = (double)alone.across * all.others - (double)all.across * alone.others;
        const double exact = over <= 0 ? 0 : over / under * 1e12 / drive_mohm;
        const double got = labrig_conductance(&alone, &all, drive_mohm);
        CHECK(fabs(got - exact) <= 0.5 + 2 * ldexp(1e12, -29) / drive_mohm || exact > 4294967294.0);
    }
}

static void what_says_nothing_is_unread_and_what_is_too_much_the_most(void)
{
    const struct labrig_seen alone = {1000, 10, 0}, all = {900, 20, 1800}, none = {0, 0, 0}, flat = {0, 10, 0};
    CHECK(labrig_conductance(&none, &none, DRIVE_MOHM) == LABRIG_UNREAD);
    CHECK(labrig_conductance(&flat, &all, DRIVE_MOHM) == LABRIG_UNREAD);
    CHECK(labrig_conductance(&alone, &all, DRIVE_MOHM) == 10 * MICRO);
    const struct labrig_seen backward = {1000, -10, 0}, shorted = {1, 1000000, 0};
    CHECK(labrig_conductance(&backward, &all, DRIVE_MOHM) == 0);
    CHECK(labrig_conductance(&shorted, &all, DRIVE_MOHM) == 16u * 1000u * MICRO); /* 16 drive resistors' at most */
    CHECK(labrig_conductance(&shorted, &all, 1) == LABRIG_UNREAD - 1);
}

/* 1 %, from 600 mV in steps of 20, both ways. */
static void put_verify(uint16_t start, uint8_t count, uint16_t most_pulses, uint8_t most_reversals)
{
    memset(payload, 0, sizeof payload);
    labrig_put_u16(payload + LABRIG_VERIFY_REQUEST_START_AT, start);
    payload[LABRIG_VERIFY_REQUEST_COUNT_AT] = count;
    payload[LABRIG_VERIFY_REQUEST_AVERAGES_AT] = 2;
    labrig_put_u16(payload + LABRIG_VERIFY_REQUEST_READ_AT, READ);
    labrig_put_u16(payload + LABRIG_VERIFY_REQUEST_TOLERANCE_AT, LABRIG_PER_FRACTION / 100u);
    for (uint8_t k = 0; k < 2; k++) {
        uint8_t *at = payload + (k == 0 ? LABRIG_VERIFY_REQUEST_SET_START_AT : LABRIG_VERIFY_REQUEST_RESET_START_AT);
        labrig_put_u16(at, 520);
        labrig_put_u16(at + 2, 20);
        labrig_put_u16(at + 4, 1500);
    }
    labrig_put_u32(payload + LABRIG_VERIFY_REQUEST_WIDTH_AT, 1000);
    labrig_put_u16(payload + LABRIG_VERIFY_REQUEST_MOST_PULSES_AT, most_pulses);
    payload[LABRIG_VERIFY_REQUEST_MOST_REVERSALS_AT] = most_reversals;
}

static void put_target(uint8_t place, double target)
{
    labrig_put_u32(payload + LABRIG_VERIFY_REQUEST_TARGETS_AT + 4u * place, (uint32_t)target);
}

static uint8_t verify_length(void)
{
    return (uint8_t)(LABRIG_VERIFY_REQUEST_SIZE + 4u * payload[LABRIG_VERIFY_REQUEST_COUNT_AT]);
}

static struct answer ask_verify(uint8_t seq)
{
    return fake_ask(LABRIG_TYPE_VERIFY, seq, payload, verify_length());
}

struct record {
    uint32_t found;
    uint16_t pulses;
    uint8_t reversals, outcome;
};

static struct record record(const struct answer *answer, uint8_t place)
{
    const uint8_t *at = answer->payload + RECORDS + 8u * place;
    return (struct record){labrig_get_u32(at), labrig_get_u16(at + 4), at[6], at[7]};
}

static void every_branch_is_brought_within_the_tolerance(void)
{
    static const double targets[BRANCHES] = {5, 40, 22.5, 17, 60, 3};
    board_of_memristors();
    put_verify(0, BRANCHES, 200, 20);
    for (uint8_t k = 0; k < BRANCHES; k++) {
        put_target(k, targets[k] * MICRO);
    }
    const struct answer answer = ask_verify(2);
    unsigned pulses = 0;
    CHECK(answer.flags == LABRIG_STATUS_OK && answer.payload[0] == BRANCHES && answer.length == RECORDS + 8 * BRANCHES);
    for (uint8_t k = 0; k < BRANCHES; k++) {
        const struct record told = record(&answer, k);
        CHECK(told.outcome == LABRIG_OUTCOME_REACHED && told.pulses > 0 && told.pulses <= 200);
        CHECK(fabs(told.found - targets[k] * MICRO) <= 0.01 * targets[k] * MICRO);
        /* half a code in the sums of the output, of what the branch makes of them, in both states */
        CHECK(fabs(told.found - nanosiemens(k)) <= 2 * 1e12 / DRIVE_MOHM / READ);
        pulses += told.pulses;
    }
    CHECK(fake.pulses == pulses && fake.loose_pulses == 0);
    for (unsigned k = 0; k < INPUTS + OUTPUTS; k++) {
        CHECK(fake.drivers[k].kind == FAKE_DRIVEN && fake.drivers[k].code == 0);
    }
}

static void the_amplitude_grows_by_steps_to_its_highest_and_restarts_where_it_turns(void)
{
    board_of_memristors();
    fake.moved = NULL;
    put_verify(1, 1, 4, 5);
    labrig_put_u16(payload + LABRIG_VERIFY_REQUEST_SET_HIGHEST_AT, 550);
    put_target(0, 90.0 * MICRO);
    const struct answer stuck = ask_verify(2);
    CHECK(record(&stuck, 0).outcome == LABRIG_OUTCOME_MISSED && record(&stuck, 0).pulses == 4);
    CHECK(record(&stuck, 0).reversals == 0 && fabs(record(&stuck, 0).found - nanosiemens(1)) <= 2e6 / READ);
    CHECK((int16_t)labrig_get_u16(stuck.payload + 1) == 550 && fake.last_pulse.millivolts == 550);
    CHECK(fake.last_pulse.branch == 1 && fake.last_pulse.width == 1000);
    devices[1] = 0.095;
    labrig_put_u16(payload + LABRIG_VERIFY_REQUEST_PULSES_AT, 1);
    labrig_put_u16(payload + LABRIG_VERIFY_REQUEST_AMPLITUDE_AT, 530);
    const struct answer turned = ask_verify(3);
    CHECK(record(&turned, 0).pulses == 4 && record(&turned, 0).reversals == 1);
    CHECK((int16_t)labrig_get_u16(turned.payload + 1) == -560); /* 520, 540, 560 */
}

static void overshoot(const struct fake_pulse *pulse)
{
    devices[pulse->branch] = pulse->millivolts > 0 ? 0.08 : 0.01;
}

static void it_gives_up_after_as_many_reversals_as_were_allowed(void)
{
    board_of_memristors();
    fake.moved = overshoot;
    put_verify(0, 1, 200, 3);
    put_target(0, 50.0 * MICRO);
    const struct answer answer = ask_verify(2);
    CHECK(record(&answer, 0).outcome == LABRIG_OUTCOME_MISSED);
    CHECK(record(&answer, 0).reversals == 3 && record(&answer, 0).pulses == 4 && fake.pulses == 4);
}

static void a_repeated_verify_is_answered_again_and_pulses_nobody(void)
{
    board_of_memristors();
    put_verify(0, 2, 200, 20);
    put_target(0, 40.0 * MICRO);
    put_target(1, 5.0 * MICRO);
    const struct answer first = ask_verify(2);
    const unsigned pulses = fake.pulses;
    const struct answer again = ask_verify(2);
    CHECK(pulses > 0 && fake.pulses == pulses && again.length == first.length);
    CHECK(memcmp(again.payload, first.payload, first.length) == 0);
}

static void a_branch_that_is_left_alone_and_one_that_is_there_already_get_no_pulse(void)
{
    board_of_memristors();
    put_verify(0, 3, 200, 20);
    put_target(1, nanosiemens(1));
    const struct answer answer = ask_verify(2);
    CHECK(answer.payload[0] == 3 && fake.pulses == 0);
    CHECK(record(&answer, 0).outcome == LABRIG_OUTCOME_UNTOUCHED && record(&answer, 0).found == 0);
    CHECK(record(&answer, 1).outcome == LABRIG_OUTCOME_REACHED && record(&answer, 1).pulses == 0);
    put_verify(0, 2, 0, 0);
    put_target(0, 1);
    put_target(1, nanosiemens(1));
    const struct answer read = ask_verify(3); /* no pulse allowed: read only */
    CHECK(record(&read, 0).outcome == LABRIG_OUTCOME_MISSED && record(&read, 1).outcome == LABRIG_OUTCOME_REACHED);
    CHECK(fabs(record(&read, 0).found - nanosiemens(0)) <= 2e6 / READ && fake.pulses == 0);
}

/* What one request would have done, several do: the board remembers nothing between them. */
static void its_time_is_bounded_and_the_rest_goes_on_where_it_was(void)
{
    board_of_memristors();
    put_verify(4, 1, 200, 20);
    put_target(0, 70.0 * MICRO);
    const struct answer whole = ask_verify(2);
    const struct record told = record(&whole, 0);
    CHECK(told.pulses > 8);
    board_of_memristors();
    fake.moved = move_slowly;
    put_verify(4, 1, 200, 20);
    put_target(0, 70.0 * MICRO);
    struct answer part = {0};
    unsigned requests = 0;
    uint8_t seq = 2;
    do {
        const uint32_t began_ms = fake.now_ms;
        part = ask_verify(seq++);
        CHECK(part.flags == LABRIG_STATUS_OK && part.payload[0] == 1 && board.armed);
        CHECK(fake.now_ms - began_ms <= 250 + 70);
        labrig_put_u16(payload + LABRIG_VERIFY_REQUEST_PULSES_AT, record(&part, 0).pulses);
        payload[LABRIG_VERIFY_REQUEST_REVERSALS_AT] = record(&part, 0).reversals;
        memcpy(payload + LABRIG_VERIFY_REQUEST_AMPLITUDE_AT, part.payload + 1, 2);
        requests++;
    } while (record(&part, 0).outcome == LABRIG_OUTCOME_UNDER_WAY && requests < 100);
    CHECK(requests > 2 && memcmp(part.payload, whole.payload, whole.length) == 0);
}

static void several_may_be_on_their_way_without_ending_each_other(void)
{
    board_of_memristors();
    for (uint8_t k = 0; k < 3; k++) {
        put_verify(k, 1, 200, 20);
        put_target(0, 50.0 * MICRO);
        fake_send(LABRIG_TYPE_VERIFY, (uint8_t)(2 + k), payload, verify_length());
    }
    for (uint8_t k = 0; k < 3; k++) {
        const struct answer answer = fake_run();
        CHECK(answer.seq == 2 + k && record(&answer, 0).outcome == LABRIG_OUTCOME_REACHED);
    }
}

static void silence_ends_it_and_tells_how_far_it_got(void)
{
    board_of_memristors();
    put_verify(0, 3, 200, 20);
    put_target(0, nanosiemens(0));
    put_target(1, 90.0 * MICRO);
    put_target(2, 90.0 * MICRO);
    fake_send(LABRIG_TYPE_VERIFY, 2, payload, verify_length());
    while (fake.pulses < 3) {
        (void)labrig_poll(&board);
    }
    fake.pulsing = true;
    (void)labrig_poll(&board);
    fake.now_ms += 1000;
    const struct answer answer = fake_run();
    CHECK(answer.flags == LABRIG_STATUS_NOT_ARMED && answer.payload[0] == 2 && fake_driven() == 0);
    CHECK(record(&answer, 0).outcome == LABRIG_OUTCOME_REACHED);
    CHECK(record(&answer, 1).outcome == LABRIG_OUTCOME_UNDER_WAY && record(&answer, 1).pulses == 3);
    CHECK(ask_verify(2).flags == LABRIG_STATUS_NOT_ARMED && fake.pulses == 3);
}

static void saturate(void)
{
    settle_lines();
    fake.readings[1] = TOP;
}

static void what_cannot_be_read_is_not_pulsed(void)
{
    board_of_memristors();
    fake.scanned = saturate;
    put_verify(0, 1, 200, 20);
    put_target(0, 50.0 * MICRO);
    const struct answer answer = ask_verify(2);
    CHECK(record(&answer, 0).outcome == LABRIG_OUTCOME_UNREADABLE && record(&answer, 0).found == LABRIG_UNREAD);
    CHECK(fake.pulses == 0);
}

static void refused_verify(uint8_t at, uint16_t value, uint8_t status)
{
    board_of_memristors();
    put_verify(0, 2, 200, 20);
    put_target(0, 50.0 * MICRO);
    labrig_put_u16(payload + at, value);
    const struct answer answer = fake_ask(LABRIG_TYPE_VERIFY, 2, payload, LABRIG_VERIFY_REQUEST_SIZE + 8);
    CHECK(answer.flags == status && answer.length == 0 && fake.pulses == 0 && fake_driven() == 0);
}

static void what_a_verify_cannot_have_is_refused_before_any_pulse(void)
{
    refused_verify(LABRIG_VERIFY_REQUEST_START_AT, 5, LABRIG_STATUS_RANGE);
    refused_verify(LABRIG_VERIFY_REQUEST_COUNT_AT, 0x0203, LABRIG_STATUS_LENGTH);
    refused_verify(LABRIG_VERIFY_REQUEST_COUNT_AT, 0x0002, LABRIG_STATUS_RANGE); /* no average */
    refused_verify(LABRIG_VERIFY_REQUEST_COUNT_AT, 0x1102, LABRIG_STATUS_RANGE);
    refused_verify(LABRIG_VERIFY_REQUEST_READ_AT, 0, LABRIG_STATUS_RANGE);
    for (uint8_t k = LABRIG_VERIFY_REQUEST_SET_START_AT; k <= LABRIG_VERIFY_REQUEST_RESET_START_AT; k = (uint8_t)(k + 6)) {
        refused_verify(k, 0, LABRIG_STATUS_RANGE);
        refused_verify(k, 1510, LABRIG_STATUS_RANGE); /* above its highest */
        refused_verify(k, 525, LABRIG_STATUS_RANGE);
        refused_verify((uint8_t)(k + 2), 25, LABRIG_STATUS_RANGE);
        refused_verify((uint8_t)(k + 4), 1505, LABRIG_STATUS_RANGE);
        refused_verify((uint8_t)(k + 4), 3010, LABRIG_STATUS_RANGE);
    }
    refused_verify(LABRIG_VERIFY_REQUEST_SET_HIGHEST_AT, 2010, LABRIG_STATUS_RANGE);
    refused_verify(LABRIG_VERIFY_REQUEST_WIDTH_AT, 99, LABRIG_STATUS_RANGE);
    refused_verify(LABRIG_VERIFY_REQUEST_WIDTH_AT + 2, 16, LABRIG_STATUS_RANGE);
    refused_verify(LABRIG_VERIFY_REQUEST_SETTLE_AT, 6250, LABRIG_STATUS_RANGE); /* four times: a quarter of the heartbeat */
    refused_verify(LABRIG_VERIFY_REQUEST_PULSES_AT, 201, LABRIG_STATUS_RANGE);
    refused_verify(LABRIG_VERIFY_REQUEST_REVERSALS_AT, 21, LABRIG_STATUS_RANGE);
    refused_verify(LABRIG_VERIFY_REQUEST_AMPLITUDE_AT, 1510, LABRIG_STATUS_RANGE);
    refused_verify(LABRIG_VERIFY_REQUEST_AMPLITUDE_AT, (uint16_t)-1510, LABRIG_STATUS_RANGE);
    refused_verify(LABRIG_VERIFY_REQUEST_AMPLITUDE_AT, 525, LABRIG_STATUS_RANGE);
    board_of_memristors();
    put_verify(0, 1, 200, 20);
    (void)fake_ask(LABRIG_TYPE_SAFE, 2, NOTHING);
    CHECK(ask_verify(3).flags == LABRIG_STATUS_NOT_ARMED);
    fake_config.drive_mohm = 0; /* nothing to read a current by */
    CHECK(ask_verify(4).flags == LABRIG_STATUS_UNKNOWN);
}

static void one_input_alone_is_read_without_the_others(void)
{
    board_of_memristors();
    fake_config.inputs = 1;
    fake_config.outputs = 2;
    fake_config.branches = 2;
    fake.scanned = NULL;
    fake.readings[0] = 20000; /* the input, then the outputs, then the driver's sides */
    fake.readings[1] = 400;
    fake.readings[2] = 300;
    memset(&fake.readings[3], 0, 6);
    put_verify(0, 2, 0, 0);
    put_target(0, 1);
    put_target(1, 1);
    const struct answer answer = ask_verify(2);
    CHECK(record(&answer, 0).found == (uint32_t)(400 / 19600.0 * 1e6 + 0.5));
    CHECK(record(&answer, 1).found == (uint32_t)(300 / 19700.0 * 1e6 + 0.5));
}

int main(void)
{
    pulses_are_given_one_after_the_other_with_all_lines_at_0_v();
    a_repeated_pulse_is_answered_again_and_never_given_twice();
    a_pulse_that_is_out_of_range_keeps_the_others_back_too();
    widths_must_stay_below_half_the_heartbeat();
    pulses_want_an_armed_board_that_has_them_and_their_exact_length();
    silence_ends_a_pulse_and_is_told_with_how_many_were_given();
    hello_tells_the_range_of_pulses_behind_the_texts();
    a_board_without_wipers_does_not_know_their_requests();
    a_conductance_is_the_ratio_of_what_is_seen();
    what_says_nothing_is_unread_and_what_is_too_much_the_most();
    every_branch_is_brought_within_the_tolerance();
    the_amplitude_grows_by_steps_to_its_highest_and_restarts_where_it_turns();
    it_gives_up_after_as_many_reversals_as_were_allowed();
    a_repeated_verify_is_answered_again_and_pulses_nobody();
    a_branch_that_is_left_alone_and_one_that_is_there_already_get_no_pulse();
    its_time_is_bounded_and_the_rest_goes_on_where_it_was();
    several_may_be_on_their_way_without_ending_each_other();
    silence_ends_it_and_tells_how_far_it_got();
    what_cannot_be_read_is_not_pulsed();
    what_a_verify_cannot_have_is_refused_before_any_pulse();
    one_input_alone_is_read_without_the_others();
    printf("pulse: %d checks, %d failed\n", checks_made, checks_failed);
    return checks_failed != 0;
}
