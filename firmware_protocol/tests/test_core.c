/* The core on a board without physics: sequence numbers, heartbeat, refusals, and what reaches the hardware. */
#include <string.h>

#include "check.h"
#include "fake.h"
#include "labrig_protocol.h"
#include "packing.h"

int checks_made, checks_failed;

#define NOTHING NULL, 0
#define DRIVE_ALL_INPUTS 0x01, 0x07, 0x01, 0x20, 0x00, 0x03, 0x00 /* codes 1, 2, 3 of 12 bits */

static struct answer status(void)
{
    return fake_ask(LABRIG_TYPE_STATUS, 99, NOTHING);
}

static uint32_t status_u32(uint8_t at)
{
    const struct answer answer = status();
    return labrig_get_u32(answer.payload + at);
}

static void drive_inputs(uint8_t seq)
{
    CHECK(FAKE_ASK(LABRIG_TYPE_MEASURE, seq, 0, 0, 1, 0, 0, 1, 0, 1, DRIVE_ALL_INPUTS).flags == LABRIG_STATUS_OK);
    CHECK(fake_driven() == 3);
}

static void requests_are_carried_out_once(void)
{
    fake_armed();
    CHECK(FAKE_ASK(LABRIG_TYPE_WRITE, 2, 0, 0, 1, 200, 0).flags == LABRIG_STATUS_OK);
    fake.wipers[0] = 5;
    const struct answer again = FAKE_ASK(LABRIG_TYPE_WRITE, 2, 0, 0, 1, 200, 0);
    CHECK(again.type == (LABRIG_TYPE_WRITE | LABRIG_REPLY_BIT) && again.seq == 2 && again.length == 0);
    CHECK(fake.wipers[0] == 5);
    CHECK(board.session.expected == 3);
}

static void kept_replies_are_repeated_as_long_as_the_credit_lasts(void)
{
    fake_armed();
    for (uint8_t seq = 2; seq < 2 + LABRIG_CREDIT; seq++) {
        CHECK(fake_ask(LABRIG_TYPE_PING, seq, &seq, 1).payload[0] == seq);
        (void)fake_ask(LABRIG_TYPE_HEARTBEAT, 200, NOTHING); /* ahead: refused, and takes no place */
    }
    for (uint8_t seq = 2; seq < 2 + LABRIG_CREDIT; seq++) {
        const struct answer again = fake_ask(LABRIG_TYPE_PING, seq, NOTHING);
        CHECK(again.length == 1 && again.payload[0] == seq && again.seq == seq);
    }
    (void)FAKE_ASK(LABRIG_TYPE_PING, 2 + LABRIG_CREDIT, 1, 2);
    CHECK(fake_ask(LABRIG_TYPE_PING, 2, NOTHING).type == LABRIG_TYPE_NAK);
    CHECK(fake_ask(LABRIG_TYPE_PING, 3, NOTHING).payload[0] == 3);
}

static void replies_without_data_take_no_place_among_the_kept(void)
{
    fake_armed();
    (void)FAKE_ASK(LABRIG_TYPE_PING, 2, 42);
    for (uint8_t seq = 3; seq < 60; seq++) {
        (void)fake_ask(LABRIG_TYPE_HEARTBEAT, seq, NOTHING);
        (void)status();
    }
    CHECK(fake_ask(LABRIG_TYPE_PING, 2, NOTHING).payload[0] == 42);
}

static void answers_are_known_as_far_back_as_frames_may_be_in_flight(void)
{
    fake_armed();
    for (uint8_t seq = 2; seq < 100; seq++) {
        (void)fake_ask(LABRIG_TYPE_HEARTBEAT, seq, NOTHING);
    }
    CHECK(fake_ask(LABRIG_TYPE_HEARTBEAT, 100 - LABRIG_FRAMES_IN_FLIGHT, NOTHING).type != LABRIG_TYPE_NAK);
    const struct answer older = fake_ask(LABRIG_TYPE_HEARTBEAT, 99 - LABRIG_FRAMES_IN_FLIGHT, NOTHING);
    CHECK(older.type == LABRIG_TYPE_NAK && older.payload[0] == LABRIG_STATUS_SEQUENCE && older.payload[1] == 100);
    CHECK(labrig_get_u32(older.payload + LABRIG_NAK_REPLY_BOOT_COUNT_AT) == 7);
}

static void a_refused_frame_neither_acts_nor_feeds_the_heartbeat(void)
{
    fake_armed();
    drive_inputs(2);
    fake.now_ms += 999;
    CHECK(fake_ask(LABRIG_TYPE_HEARTBEAT, 50, NOTHING).type == LABRIG_TYPE_NAK);
    CHECK(status().payload[LABRIG_STATUS_REPLY_ARMED_AT] == 1);
    fake.now_ms += 1;
    (void)fake_run();
    CHECK(fake_driven() == 0);
}

static void silence_releases_everything_and_keeps_the_wipers(void)
{
    fake_armed();
    (void)FAKE_ASK(LABRIG_TYPE_WRITE, 2, 3, 0, 1, 77, 0);
    drive_inputs(3);
    fake.now_ms += 999;
    (void)fake_run();
    CHECK(fake_driven() == 3);
    fake.now_ms += 1;
    (void)fake_run();
    CHECK(fake_driven() == 0 && !board.armed && fake.wipers[3] == 77);
    CHECK(status().payload[LABRIG_STATUS_REPLY_HEARTBEAT_EXPIRED_AT] == 1);
    const struct answer refused = FAKE_ASK(LABRIG_TYPE_MEASURE, 4, 0, 0, 1, 0, 0, 1, 0, 1, DRIVE_ALL_INPUTS);
    CHECK(refused.flags == LABRIG_STATUS_NOT_ARMED && refused.length == 0 && fake_driven() == 0);
    (void)FAKE_ASK(LABRIG_TYPE_ARM, 5, 0xE8, 0x03);
    drive_inputs(6);
}

static void a_frame_in_session_feeds_the_heartbeat_and_one_outside_does_not(void)
{
    fake_armed();
    drive_inputs(2);
    for (uint8_t seq = 3; seq < 10; seq++) {
        fake.now_ms += 900;
        (void)fake_ask(LABRIG_TYPE_HEARTBEAT, seq, NOTHING);
        CHECK(fake_driven() == 3);
    }
    fake.now_ms += 600;
    (void)status();
    (void)fake_ask(LABRIG_TYPE_IDENTIFY, 0, NOTHING);
    fake.now_ms += 400;
    (void)status();
    CHECK(fake_driven() == 0);
}

static void a_frame_that_waits_counts_as_received(void)
{
    fake_armed();
    drive_inputs(2);
    fake.now_ms += 5000; /* the board itself was held up */
    (void)fake_ask(LABRIG_TYPE_HEARTBEAT, 3, NOTHING);
    CHECK(fake_driven() == 3);
}

static void the_heartbeat_runs_while_a_reply_is_stuck_and_while_a_state_settles(void)
{
    fake_armed();
    drive_inputs(2);
    fake_send(LABRIG_TYPE_HEARTBEAT, 3, NOTHING);
    while (labrig_poll(&board)) {
    }
    fake.now_ms += 1000;
    (void)labrig_poll(&board);
    CHECK(fake_driven() == 0);
    fake_armed();
    fake.settling = true;
    fake_send(LABRIG_TYPE_MEASURE, 2, (const uint8_t[]){9, 0, 1, 0, 0, 1, 0, 1, DRIVE_ALL_INPUTS}, 15);
    for (int k = 0; k < 10; k++) {
        (void)labrig_poll(&board);
    }
    CHECK(fake_driven() == 3 && fake.settle_steps == 9);
    fake.now_ms += 1000;
    (void)labrig_poll(&board);
    CHECK(fake_driven() == 0);
    const struct answer cut = fake_run();
    CHECK(cut.type == (LABRIG_TYPE_MEASURE | LABRIG_REPLY_BIT) && cut.flags == LABRIG_STATUS_NOT_ARMED);
    CHECK(cut.length == 0);
}

static void settling_must_be_shorter_than_the_heartbeat(void)
{
    fake_armed(); /* 1 s = 100000 steps of 10 us */
    const struct answer at = FAKE_ASK(LABRIG_TYPE_MEASURE, 2, 0x50, 0xC3, 1, 0, 0, 1, 0, 2, DRIVE_ALL_INPUTS, 0);
    CHECK(at.flags == LABRIG_STATUS_RANGE && fake_driven() == 0);
    const struct answer below = FAKE_ASK(LABRIG_TYPE_MEASURE, 3, 0x4F, 0xC3, 1, 0, 0, 1, 0, 2, DRIVE_ALL_INPUTS, 0);
    CHECK(below.flags == LABRIG_STATUS_OK && below.length == 4);
}

static void hello_and_safe_release_and_disarm(void)
{
    fake_armed();
    drive_inputs(2);
    CHECK(fake_ask(LABRIG_TYPE_SAFE, 3, NOTHING).flags == LABRIG_STATUS_OK);
    CHECK(fake_driven() == 0 && !board.armed);
    fake_armed();
    drive_inputs(2);
    CHECK(fake_hello(0).flags == LABRIG_STATUS_OK);
    CHECK(fake_driven() == 0 && !board.armed);
}

static void a_hello_of_another_definition_changes_nothing(void)
{
    fake_armed();
    drive_inputs(2);
    const struct answer other = FAKE_ASK(LABRIG_TYPE_HELLO, 40, LABRIG_VERSION, 1, 2, 3, 4);
    CHECK(other.flags == LABRIG_STATUS_RANGE);
    CHECK(labrig_get_u32(other.payload + LABRIG_HELLO_REPLY_FINGERPRINT_AT) == LABRIG_FINGERPRINT);
    CHECK(fake_driven() == 3 && board.session.expected == 3);
    CHECK(fake_ask(LABRIG_TYPE_HELLO, 40, NOTHING).length == other.length);
    CHECK(fake_driven() == 3);
}

static void status_is_answered_at_any_time_and_counts(void)
{
    fake_boot();
    fake.now_ms += 1234;
    const struct answer first = status();
    CHECK(first.type == (LABRIG_TYPE_STATUS | LABRIG_REPLY_BIT) && first.seq == 99 && first.length == 38);
    CHECK(labrig_get_u32(first.payload + LABRIG_STATUS_REPLY_UPTIME_AT) == 1234);
    CHECK(labrig_get_u16(first.payload + LABRIG_STATUS_REPLY_SUPPLY_AT) == 4987);
    CHECK((int16_t)labrig_get_u16(first.payload + LABRIG_STATUS_REPLY_TEMPERATURE_AT) == -1234);
    fake_armed();
    drive_inputs(2);
    (void)FAKE_ASK(LABRIG_TYPE_MEASURE, 3, 0, 0, 1, 0, 0, 1, 0, 0); /* once more: no new state */
    (void)FAKE_ASK(LABRIG_TYPE_WRITE, 4, 0, 0, 2, 200, 2, 2);
    const struct answer later = status();
    CHECK(labrig_get_u16(later.payload + LABRIG_STATUS_REPLY_DRIVEN_AT) == 3);
    CHECK(later.payload[LABRIG_STATUS_REPLY_ARMED_AT] == 1);
    CHECK(labrig_get_u32(later.payload + LABRIG_STATUS_REPLY_STATES_AT) == 1);
    CHECK(labrig_get_u32(later.payload + LABRIG_STATUS_REPLY_CODES_WRITTEN_AT) == 0); /* 257: refused */
    CHECK(later.payload[LABRIG_STATUS_REPLY_FAULT_AT] == LABRIG_STATUS_RANGE);
    (void)FAKE_ASK(LABRIG_TYPE_WRITE, 5, 0, 0, 2, 200, 2, 0);
    CHECK(status_u32(LABRIG_STATUS_REPLY_CODES_WRITTEN_AT) == 2);
}

static void a_boundary_is_complete(void)
{
    fake_armed();
    drive_inputs(2);
    CHECK(fake.drivers[0].code == 1 && fake.drivers[1].code == 2 && fake.drivers[2].code == 3);
    /* clamp output 1 at 0x123, inputs as before; inject -2 pA into output 0 */
    (void)FAKE_ASK(LABRIG_TYPE_MEASURE, 3, 0, 0, 1, 0, 0, 0, 0, 1, 0x24, 0x02, 0x23, 0x01, 0x01, 0xFE, 0xFF, 0xFF, 0xFF);
    CHECK(fake_driven() == 5 && fake.drivers[4].code == 0x123 && fake.drivers[3].picoamperes == -2);
    /* input 2 only; output 0 through 300 nS to 0x7FF */
    (void)FAKE_ASK(LABRIG_TYPE_MEASURE, 4, 0, 0, 1, 0, 0, 0, 0, 1, 0x11, 0x04, 0x56, 0x04, 0x01, 0x2C, 1, 0, 0, 0xFF, 0x07);
    CHECK(fake_driven() == 2 && fake.drivers[2].code == 0x456);
    CHECK(fake.drivers[3].kind == FAKE_THROUGH && fake.drivers[3].nanosiemens == 300 && fake.drivers[3].code == 0x7FF);
}

static void the_stored_reading_is_the_reported_one(void)
{
    fake_armed();
    fake.readings[3] = 1000;
    fake.readings[4] = 2000;
    fake.conversions = 0;
    /* store with 4 averages, scanning all five lines' sums; then half-way from x to 3000 and 0 */
    const struct answer answer = FAKE_ASK(LABRIG_TYPE_MEASURE, 2, 0, 0, 4, 0, 0, 5, 0, 1, 0x03, 0x00);
    CHECK(answer.length == 9 && fake.conversions == 20);
    CHECK(labrig_unpack(answer.payload, 3, 14) == 4000 && labrig_unpack(answer.payload, 4, 14) == 8000);
    (void)FAKE_ASK(LABRIG_TYPE_MEASURE, 3, 0, 0, 1, 0, 0, 0, 0, 1, 0x08, 0x03, 0x00, 0x20, 0xB8, 0x0B, 0x00);
    CHECK(fake.drivers[3].code == 2000 && fake.drivers[4].code == 1000);
}

static void outputs_that_are_not_scanned_are_stored_all_the_same(void)
{
    fake_armed();
    fake.readings[3] = 600;
    (void)FAKE_ASK(LABRIG_TYPE_MEASURE, 2, 0, 0, 1, 0, 0, 1, 0, 1, 0x03, 0x00);
    (void)FAKE_ASK(LABRIG_TYPE_MEASURE, 3, 0, 0, 1, 0, 0, 0, 0, 1, 0x08, 0x01, 0x00, 0x00, 0x00, 0x00);
    CHECK(fake.drivers[3].code == 600);
}

static void a_frame_without_room_is_counted_and_may_be_sent_again(void)
{
    static const uint8_t data[LABRIG_MAX_PAYLOAD] = {1};
    const unsigned fit = LABRIG_RX_BYTES / LABRIG_INBOX_RECORD;
    fake_armed();
    for (unsigned k = 0; k < fit + 5u; k++) {
        fake_send(LABRIG_TYPE_PING, (uint8_t)(2u + k), data, sizeof data);
    }
    unsigned answered = 0;
    while (fake_run().type == (LABRIG_TYPE_PING | LABRIG_REPLY_BIT)) {
        answered++;
    }
    CHECK(answered >= fit - 1u && answered <= fit + 1u);
    CHECK(status_u32(LABRIG_STATUS_REPLY_OVERRUNS_AT) == fit + 5u - answered);
    CHECK(fake_ask(LABRIG_TYPE_PING, (uint8_t)(2u + answered), NOTHING).type == (LABRIG_TYPE_PING | LABRIG_REPLY_BIT));
}

static void noise_of_any_length_is_one_damaged_frame(void)
{
    static const uint8_t noise[2u * LABRIG_RX_BYTES] = {[0 ... 2u * LABRIG_RX_BYTES - 1u] = 0x55};
    fake_armed();
    fake_send_bytes(noise, sizeof noise);
    CHECK(fake_run().type == 0);
    fake_send_bytes((const uint8_t[]){0}, 1);
    CHECK(fake_ask(LABRIG_TYPE_HEARTBEAT, 2, NOTHING).type == (LABRIG_TYPE_HEARTBEAT | LABRIG_REPLY_BIT));
    CHECK(status_u32(LABRIG_STATUS_REPLY_OVERRUNS_AT) == 0);
    CHECK(status_u32(LABRIG_STATUS_REPLY_FRAMES_BAD_AT) == 1);
}

/* Frames of one length after another, so that they begin and end everywhere in the ring. */
static void frames_within_the_window_always_find_room(void)
{
    static struct labrig_inbox inbox;
    struct labrig_cobs_encoder encoder;
    uint8_t body[LABRIG_BODY_MAX], waiting = 0, sent = 0, read = 0;
    unsigned on_their_way = 0, sizes[256] = {0};
    memset(&inbox, 0, sizeof inbox);
    labrig_inbox_begin(&inbox);
    for (unsigned k = 0; k < 100000u; k++) {
        const uint8_t length = (uint8_t)(k * 7919u % (k % 3u == 0 ? 4u : LABRIG_MAX_PAYLOAD + 1u));
        memset(body, (int)(k & 0xFFu), sizeof body);
        const uint8_t size = labrig_frame_seal(body, length, LABRIG_TYPE_PING, sent, 0);
        while (waiting > 0 && (on_their_way + size + 2u > LABRIG_WINDOW || waiting == 250u)) {
            const uint8_t *oldest = labrig_inbox_oldest(&inbox);
            CHECK(oldest != NULL && oldest[LABRIG_HEADER_SEQ_AT] == read && labrig_frame_size(oldest) == sizes[read] - 2u);
            labrig_inbox_done(&inbox);
            on_their_way -= sizes[read++];
            waiting--;
        }
        CHECK(labrig_inbox_room(&inbox) >= size + 2u);
        labrig_cobs_begin(&encoder, body, size);
        for (uint8_t byte; labrig_cobs_next(&encoder, &byte);) {
            labrig_inbox_put(&inbox, byte);
        }
        sizes[sent++] = size + 2u;
        on_their_way += size + 2u;
        waiting++;
    }
    CHECK(inbox.overruns == 0 && inbox.damaged == 0);
}

static void a_measurement_that_is_cut_off_takes_its_place_among_the_kept(void)
{
    fake_armed();
    for (uint8_t seq = 2; seq < 2 + LABRIG_CREDIT; seq++) {
        (void)fake_ask(LABRIG_TYPE_PING, seq, &seq, 1);
    }
    const uint8_t last = 2 + LABRIG_CREDIT;
    fake.settling = true;
    fake_send(LABRIG_TYPE_MEASURE, last, (const uint8_t[]){9, 0, 1, 0, 0, 1, 0, 1, DRIVE_ALL_INPUTS}, 15);
    for (int k = 0; k < 10; k++) {
        (void)labrig_poll(&board);
    }
    fake.now_ms += 1000;
    CHECK(fake_run().flags == LABRIG_STATUS_NOT_ARMED);
    const struct answer again = fake_ask(LABRIG_TYPE_MEASURE, last, NOTHING);
    CHECK(again.type == (LABRIG_TYPE_MEASURE | LABRIG_REPLY_BIT) && again.seq == last && again.length == 0);
    CHECK(again.flags == LABRIG_STATUS_NOT_ARMED);
    CHECK(fake_ask(LABRIG_TYPE_PING, 2, NOTHING).type == LABRIG_TYPE_NAK); /* never a spoilt reply */
    CHECK(fake_ask(LABRIG_TYPE_PING, 3, NOTHING).payload[0] == 3);
}

static void a_chip_that_answers_nonsense_spoils_no_neighbour(void)
{
    fake_armed();
    fake.wipers[3] = 0xFFFF; /* nobody pulls the line down */
    const struct answer codes = FAKE_ASK(LABRIG_TYPE_READ, 2, 2, 0, 3);
    CHECK(labrig_unpack(codes.payload, 0, 9) == 128 && labrig_unpack(codes.payload, 1, 9) == 511);
    CHECK(labrig_unpack(codes.payload, 2, 9) == 128);
    fake.readings[0] = 0xFFFF;
    const struct answer readings = FAKE_ASK(LABRIG_TYPE_MEASURE, 3, 0, 0, 1, 0, 0, 2, 0, 0);
    CHECK(labrig_unpack(readings.payload, 0, 12) == 4095 && labrig_unpack(readings.payload, 1, 12) == 101);
    const struct answer sums = FAKE_ASK(LABRIG_TYPE_MEASURE, 4, 0, 0, 3, 0, 0, 2, 0, 0);
    CHECK(labrig_unpack(sums.payload, 0, 14) == 3 * 4095 && labrig_unpack(sums.payload, 1, 14) == 3 * 101);
}

static void the_longest_texts_fit_into_a_reply(void)
{
    fake_boot();
    memset(fake.texts, 'x', sizeof fake.texts);
    fake.texts_size = sizeof fake.texts;
    const struct answer told = fake_hello(0);
    CHECK(told.flags == LABRIG_STATUS_OK && told.length == LABRIG_HELLO_REPLY_SIZE + LABRIG_TEXTS_MAX);
    CHECK(memcmp(told.payload + LABRIG_HELLO_REPLY_TLV_AT, fake.texts, sizeof fake.texts) == 0);
    CHECK(fake_ask(LABRIG_TYPE_IDENTIFY, 0, NULL, 0).length == LABRIG_IDENTIFY_REPLY_SIZE + LABRIG_TEXTS_MAX);
}

static void replies_as_long_as_a_frame_fit_and_longer_ones_are_refused(void)
{
    fake_armed();
    /* 10 averages of 12 bits are 16; 2 channels, 4 bytes a state: 58 states fit, 59 do not */
    uint8_t request[8 + 60] = {0, 0, 10, 0, 0, 2, 0, 58, LABRIG_SECTION_INPUTS, 0};
    const struct answer full = fake_ask(LABRIG_TYPE_MEASURE, 2, request, 8 + 59);
    CHECK(full.flags == LABRIG_STATUS_OK && full.length == LABRIG_MAX_PAYLOAD);
    request[7] = 59;
    const struct answer more = fake_ask(LABRIG_TYPE_MEASURE, 3, request, 8 + 60);
    CHECK(more.flags == LABRIG_STATUS_LENGTH && more.length == 0);
    fake_config.branches = 255;
    fake_config.code_bits = 8;
    CHECK(FAKE_ASK(LABRIG_TYPE_READ, 4, 0, 0, 255).flags == LABRIG_STATUS_LENGTH);
    fake_config.branches = FAKE_BRANCHES;
    fake_config.code_bits = 9;
}

static void the_heartbeat_is_right_where_the_clock_wraps(void)
{
    fake_boot();
    fake.now_ms = UINT32_MAX - 400;
    (void)fake_hello(0);
    (void)FAKE_ASK(LABRIG_TYPE_ARM, 1, 0xE8, 0x03);
    drive_inputs(2);
    fake.now_ms += 999; /* 598 now */
    (void)fake_run();
    CHECK(fake.now_ms < 1000 && fake_driven() == 3);
    fake.now_ms += 1;
    (void)fake_run();
    CHECK(fake_driven() == 0);
}

static void more_bits_than_a_byte_counts_are_not_taken_for_fewer(void)
{
    uint8_t payload[4 + 128] = {0, 0, 0, 4}; /* 1024 branches, which is none modulo 256 */
    fake_armed();
    memset(payload + 4, 0xFF, 128);
    fake_config.branches = 1200;
    CHECK(fake_ask(LABRIG_TYPE_WRITE_SPARSE, 2, payload, sizeof payload).flags == LABRIG_STATUS_LENGTH);
    fake_config.branches = FAKE_BRANCHES;
}

static void a_bitmap_may_not_name_what_lies_behind_its_span(void)
{
    fake_armed();
    CHECK(FAKE_ASK(LABRIG_TYPE_WRITE_SPARSE, 2, 0, 0, 3, 0, 0x08).flags == LABRIG_STATUS_RANGE);
    CHECK(FAKE_ASK(LABRIG_TYPE_WRITE_SPARSE, 3, 0, 0, 8, 0, 0x80, 200, 0).flags == LABRIG_STATUS_OK);
    CHECK(fake.wipers[7] == 200);
    CHECK(FAKE_ASK(LABRIG_TYPE_MEASURE, 4, 0, 0, 1, 0, 0, 1, 0, 1, 0x01, 0x08, 1, 0).flags == LABRIG_STATUS_RANGE);
}

static void a_flood_of_small_frames_costs_whole_frames_and_nothing_else(void)
{
    unsigned refusals = 0;
    fake_armed();
    for (unsigned k = 0; k < 3u * LABRIG_RX_BYTES / 8u; k++) {
        fake_send(LABRIG_TYPE_HEARTBEAT, 200, NOTHING); /* far ahead: refused */
    }
    for (struct answer refusal = fake_run(); refusal.type != 0; refusal = fake_run()) {
        CHECK(refusal.type == LABRIG_TYPE_NAK && refusal.seq == 200);
        refusals++;
    }
    CHECK(refusals > 64 && refusals == board.frames_good - 2);
    CHECK(fake_ask(LABRIG_TYPE_HEARTBEAT, 2, NOTHING).type == (LABRIG_TYPE_HEARTBEAT | LABRIG_REPLY_BIT));
}

static void requests_wait_their_turn_and_are_answered_in_order(void)
{
    fake_armed();
    for (uint8_t seq = 2; seq < 12; seq++) {
        fake_send(LABRIG_TYPE_PING, seq, &seq, 1);
    }
    for (uint8_t seq = 2; seq < 12; seq++) {
        CHECK(fake_run().payload[0] == seq);
    }
}

static void a_lost_line_drops_halves_of_frames(void)
{
    fake_armed();
    fake_send_bytes((const uint8_t[]){5, 1, 2}, 3);
    (void)fake_run();
    labrig_line_lost(&board);
    CHECK(fake_ask(LABRIG_TYPE_HEARTBEAT, 2, NOTHING).type == (LABRIG_TYPE_HEARTBEAT | LABRIG_REPLY_BIT));
}

static void arm_wants_a_time(void)
{
    fake_boot();
    (void)fake_hello(0);
    CHECK(FAKE_ASK(LABRIG_TYPE_ARM, 1, 0, 0).flags == LABRIG_STATUS_RANGE && !board.armed);
    CHECK(fake_ask(LABRIG_TYPE_ARM, 2, NOTHING).flags == LABRIG_STATUS_LENGTH && !board.armed);
    CHECK(FAKE_ASK(LABRIG_TYPE_ARM, 3, 50, 0).flags == LABRIG_STATUS_OK && board.armed);
    fake.now_ms += 50;
    (void)fake_run();
    CHECK(!board.armed);
}

int main(void)
{
    requests_are_carried_out_once();
    kept_replies_are_repeated_as_long_as_the_credit_lasts();
    replies_without_data_take_no_place_among_the_kept();
    answers_are_known_as_far_back_as_frames_may_be_in_flight();
    a_refused_frame_neither_acts_nor_feeds_the_heartbeat();
    silence_releases_everything_and_keeps_the_wipers();
    a_frame_in_session_feeds_the_heartbeat_and_one_outside_does_not();
    a_frame_that_waits_counts_as_received();
    the_heartbeat_runs_while_a_reply_is_stuck_and_while_a_state_settles();
    settling_must_be_shorter_than_the_heartbeat();
    hello_and_safe_release_and_disarm();
    a_hello_of_another_definition_changes_nothing();
    status_is_answered_at_any_time_and_counts();
    a_boundary_is_complete();
    the_stored_reading_is_the_reported_one();
    outputs_that_are_not_scanned_are_stored_all_the_same();
    a_frame_without_room_is_counted_and_may_be_sent_again();
    noise_of_any_length_is_one_damaged_frame();
    frames_within_the_window_always_find_room();
    a_measurement_that_is_cut_off_takes_its_place_among_the_kept();
    a_chip_that_answers_nonsense_spoils_no_neighbour();
    the_longest_texts_fit_into_a_reply();
    replies_as_long_as_a_frame_fit_and_longer_ones_are_refused();
    the_heartbeat_is_right_where_the_clock_wraps();
    more_bits_than_a_byte_counts_are_not_taken_for_fewer();
    a_bitmap_may_not_name_what_lies_behind_its_span();
    a_flood_of_small_frames_costs_whole_frames_and_nothing_else();
    requests_wait_their_turn_and_are_answered_in_order();
    a_lost_line_drops_halves_of_frames();
    arm_wants_a_time();
    printf("core: %d checks, %d failed\n", checks_made, checks_failed);
    return checks_failed != 0;
}
