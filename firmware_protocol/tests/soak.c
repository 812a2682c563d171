/* Whether a wrong body is ever accepted, on lines that damage what they carry: soak [REQUESTS]. Every reply is compared
 * with what its request must be answered, and every request must have been carried out once and in order. A parser
 * that takes no harm from noise may still accept a body that nobody sent; this is what finds it. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fake.h"
#include "labrig_protocol.h"
#include "line.h"
#include "packing.h"

#define AHEAD LABRIG_CREDIT /* requests on their way, all of which may want a kept reply */
#define CODE_BITS 9u
#define ENCODED_MAX (LABRIG_BODY_MAX + 2u)
#define TRIES 2000u /* of one request */

int checks_made, checks_failed;

struct request {
    uint8_t type, seq, length, answer_length;
    uint8_t payload[LABRIG_MAX_PAYLOAD], answer[LABRIG_MAX_PAYLOAD];
    bool answered;
};

/* The host: requests first ... next - 1 are on their way, request k at place k % AHEAD with SEQ k % 256. */
static struct {
    struct random random;
    struct line down, up;
    struct labrig_receiver receiver;
    uint8_t body[LABRIG_BODY_MAX];
    struct request requests[AHEAD];
    uint32_t first, next;
    uint16_t image[FAKE_BRANCHES]; /* what the board holds once it has done all of them */
    uint32_t codes_written;
    uint32_t pulses, given; /* that were asked for, and that reached the devices, each with its place */
} host;

static void print_hex(const char *what, const uint8_t *bytes, size_t count)
{
    fprintf(stderr, "  %s", what);
    for (size_t k = 0; k < count; k++) {
        fprintf(stderr, " %02x", bytes[k]);
    }
    fputc('\n', stderr);
}

static size_t encode(const struct request *request, uint8_t *encoded)
{
    uint8_t body[LABRIG_BODY_MAX];
    struct labrig_cobs_encoder encoder;
    size_t count = 0;
    memcpy(body + LABRIG_HEADER_SIZE, request->payload, request->length);
    labrig_cobs_begin(&encoder, body, labrig_frame_seal(body, request->length, request->type, request->seq, 0));
    while (labrig_cobs_next(&encoder, &encoded[count])) {
        count++;
    }
    return count;
}

/* Zeros are frequent, as in real payloads, because each one is a place where COBS can be led astray. */
static uint8_t random_byte(void)
{
    const uint32_t random = random_next(&host.random);
    return (random & 0x300u) == 0 ? 0 : (uint8_t)random;
}

static void make_ping(struct request *request)
{
    const uint32_t most = 1u << random_below(&host.random, 9);
    const uint32_t length = random_below(&host.random, most);
    request->type = LABRIG_TYPE_PING;
    request->length = (uint8_t)(length < LABRIG_MAX_PAYLOAD ? length : LABRIG_MAX_PAYLOAD);
    for (uint8_t k = 0; k < request->length; k++) {
        request->payload[k] = random_byte();
    }
    request->answer_length = request->length;
    memcpy(request->answer, request->payload, request->length);
}

static uint8_t make_span(struct request *request, uint8_t type)
{
    const uint16_t start = (uint16_t)random_below(&host.random, FAKE_BRANCHES);
    const uint8_t count = (uint8_t)(1u + random_below(&host.random, (uint32_t)FAKE_BRANCHES - start));
    request->type = type;
    labrig_put_u16(request->payload, start);
    request->payload[2] = count;
    request->length = LABRIG_WRITE_REQUEST_SIZE;
    return count;
}

static void make_write(struct request *request)
{
    const uint8_t count = make_span(request, LABRIG_TYPE_WRITE);
    const uint16_t start = labrig_get_u16(request->payload);
    for (uint8_t k = 0; k < count; k++) {
        host.image[start + k] = (uint16_t)(1u + random_below(&host.random, 256));
        labrig_pack(request->payload + LABRIG_WRITE_REQUEST_CODES_AT, k, CODE_BITS, host.image[start + k]);
    }
    request->length = (uint8_t)(request->length + labrig_packed_size(count, CODE_BITS));
    host.codes_written += count;
}

static void make_read(struct request *request)
{
    const uint8_t count = make_span(request, LABRIG_TYPE_READ);
    const uint16_t start = labrig_get_u16(request->payload);
    for (uint8_t k = 0; k < count; k++) {
        labrig_pack(request->answer, k, CODE_BITS, host.image[start + k]);
    }
    request->answer_length = (uint8_t)labrig_packed_size(count, CODE_BITS);
}

static void make_digest(struct request *request)
{
    uint32_t digest = 0;
    for (unsigned k = 0; k < FAKE_BRANCHES; k++) {
        digest = digest * LABRIG_DIGEST_MULTIPLIER + host.image[k];
    }
    request->type = LABRIG_TYPE_DIGEST;
    request->answer_length = LABRIG_DIGEST_REPLY_SIZE;
    labrig_put_u32(request->answer + LABRIG_DIGEST_REPLY_DIGEST_AT, digest);
    labrig_put_u32(request->answer + LABRIG_DIGEST_REPLY_BOOT_COUNT_AT, board.boot_count);
}

/* A scan of the state that is imposed already. */
static void make_measure(struct request *request)
{
    const uint16_t start = (uint16_t)random_below(&host.random, FAKE_CHANNELS);
    const uint16_t count = (uint16_t)random_below(&host.random, (uint32_t)FAKE_CHANNELS - start + 1u);
    request->type = LABRIG_TYPE_MEASURE;
    request->length = LABRIG_MEASURE_REQUEST_SIZE;
    request->payload[LABRIG_MEASURE_REQUEST_AVERAGES_AT] = 3;
    labrig_put_u16(request->payload + LABRIG_MEASURE_REQUEST_SCAN_START_AT, start);
    labrig_put_u16(request->payload + LABRIG_MEASURE_REQUEST_SCAN_COUNT_AT, count);
    for (uint16_t k = 0; k < count; k++) {
        labrig_pack(request->answer, k, 14, 3u * fake.readings[start + k]);
    }
    request->answer_length = (uint8_t)labrig_packed_size(count, 14);
}

/* A sum that tells which pulses, and in which order. */
static uint32_t with_pulse(uint32_t sum, uint16_t branch, int16_t millivolts, uint32_t width)
{
    return ((sum * LABRIG_DIGEST_MULTIPLIER + branch) * LABRIG_DIGEST_MULTIPLIER + (uint16_t)millivolts)
        * LABRIG_DIGEST_MULTIPLIER + width;
}

static void note_pulse(const struct fake_pulse *pulse)
{
    host.given = with_pulse(host.given, pulse->branch, pulse->millivolts, pulse->width);
}

/* What must never be done twice, and does harm where it is. */
static void make_pulse(struct request *request)
{
    const uint8_t count = (uint8_t)random_below(&host.random, 4);
    request->type = LABRIG_TYPE_PULSE;
    request->payload[LABRIG_PULSE_REQUEST_COUNT_AT] = count;
    request->length = (uint8_t)(LABRIG_PULSE_REQUEST_SIZE + 8u * count);
    for (uint8_t k = 0; k < count; k++) {
        uint8_t *at = request->payload + LABRIG_PULSE_REQUEST_PULSES_AT + 8u * k;
        const uint16_t branch = (uint16_t)random_below(&host.random, FAKE_BRANCHES);
        const int16_t millivolts = (int16_t)(10 * ((int32_t)random_below(&host.random, 200) - 200));
        const uint32_t width = 100u + random_below(&host.random, 1000);
        labrig_put_u16(at, branch);
        labrig_put_u16(at + 2, (uint16_t)millivolts);
        labrig_put_u32(at + 4, width);
        host.pulses = with_pulse(host.pulses, branch, millivolts, width);
    }
    request->answer_length = LABRIG_PULSE_REPLY_SIZE;
    request->answer[LABRIG_PULSE_REPLY_GIVEN_AT] = count;
}

static void make_request(void)
{
    static void (*const makers[])(struct request *) = {make_ping, make_ping, make_write, make_read,
                                                       make_digest, make_measure, make_pulse};
    struct request *request = &host.requests[host.next % AHEAD];
    *request = (struct request){.seq = (uint8_t)host.next};
    makers[random_below(&host.random, sizeof makers / sizeof *makers)](request);
    host.next++;
}

static bool answers(const struct request *request, const uint8_t *body)
{
    return body[LABRIG_HEADER_TYPE_AT] == (request->type | LABRIG_REPLY_BIT)
        && body[LABRIG_HEADER_FLAGS_AT] == LABRIG_STATUS_OK && body[LABRIG_HEADER_LEN_AT] == request->answer_length
        && memcmp(body + LABRIG_HEADER_SIZE, request->answer, request->answer_length) == 0;
}

static bool is_the_refusal(const uint8_t *body)
{
    const uint8_t *payload = body + LABRIG_HEADER_SIZE;
    return body[LABRIG_HEADER_TYPE_AT] == LABRIG_TYPE_NAK && body[LABRIG_HEADER_LEN_AT] == LABRIG_NAK_REPLY_SIZE
        && body[LABRIG_HEADER_FLAGS_AT] == LABRIG_STATUS_SEQUENCE
        && payload[LABRIG_NAK_REPLY_CODE_AT] == LABRIG_STATUS_SEQUENCE
        && (uint8_t)(board.session.expected - payload[LABRIG_NAK_REPLY_EXPECTED_AT]) <= AHEAD
        && labrig_get_u32(payload + LABRIG_NAK_REPLY_BOOT_COUNT_AT) == board.boot_count;
}

/* A reply was accepted: is it what its request, or a request ahead, must be answered? */
static void compare(const uint8_t *body)
{
    const uint8_t behind = (uint8_t)(body[LABRIG_HEADER_SEQ_AT] - (uint8_t)host.first);
    const bool known = behind < host.next - host.first;
    struct request *request = &host.requests[(host.first + behind) % AHEAD];
    const bool right = is_the_refusal(body) || (known && answers(request, body));
    CHECK(right || !known); /* not known: the answer to a request that was answered before */
    if (known && !right) {
        fprintf(stderr, "a request of type %02x, SEQ %u, was answered wrongly\n", request->type, request->seq);
        print_hex("payload ", request->payload, request->length);
        print_hex("expected", request->answer, request->answer_length);
        print_hex("answered", body, LABRIG_HEADER_SIZE + body[LABRIG_HEADER_LEN_AT] + LABRIG_CRC_SIZE);
    }
    if (known && body[LABRIG_HEADER_TYPE_AT] != LABRIG_TYPE_NAK) {
        request->answered = true;
    }
}

/* Let the board work, and take a part of a reply in between, as long as there is something to do. */
static void take_replies(void)
{
    uint8_t sent[ENCODED_MAX], came[2 * ENCODED_MAX];
    size_t count;
    do {
        const size_t most = 1 + random_below(&host.random, ENCODED_MAX);
        while (labrig_poll(&board)) {
        }
        for (count = 0; count < most && labrig_transmit(&board, &sent[count]);) {
            count++;
        }
        const size_t arrived = line_carry(&host.up, sent, count, came);
        for (size_t k = 0; k < arrived; k++) {
            if (labrig_receiver_byte(&host.receiver, came[k]) == LABRIG_RECEIVED_FRAME) {
                compare(host.receiver.body);
            }
        }
    } while (count > 0);
}

/* Send what is not answered, a zero before it, as after any silence. */
static void send_requests(void)
{
    uint8_t encoded[1 + ENCODED_MAX] = {0}, came[2 * sizeof encoded];
    for (uint32_t k = host.first; k != host.next; k++) {
        if (!host.requests[k % AHEAD].answered) {
            const size_t count = 1 + encode(&host.requests[k % AHEAD], encoded + 1);
            fake_send_bytes(came, line_carry(&host.down, encoded, count, came));
            if (random_below(&host.random, 2) != 0) {
                take_replies();
            }
        }
    }
    take_replies();
}

static void soak(uint32_t requests, uint32_t damaged_in_a_million)
{
    uint32_t tries = 0;
    memset(&host, 0, sizeof host);
    host.random.state = 1;
    host.down = (struct line){{2}, damaged_in_a_million, 0, 0};
    host.up = (struct line){{3}, damaged_in_a_million, 0, 0};
    labrig_receiver_begin(&host.receiver, host.body);
    fake_config.features |= LABRIG_FEATURE_PULSE;
    fake_boot();
    fake.moved = note_pulse;
    memcpy(host.image, fake.wipers, sizeof host.image);
    (void)fake_hello(254);
    (void)FAKE_ASK(LABRIG_TYPE_ARM, 255, 0xE8, 0x03); /* and the clock stands still */
    while (host.first < requests && tries < TRIES) {
        tries = host.requests[host.first % AHEAD].answered ? 0 : tries + 1;
        while (host.first != host.next && host.requests[host.first % AHEAD].answered) {
            host.first++;
        }
        while (host.next < requests && host.next != host.first + AHEAD) {
            make_request();
        }
        send_requests();
    }
    CHECK(tries < TRIES);
    CHECK(board.session.expected == (uint8_t)host.next);
    CHECK(board.codes_written == host.codes_written);
    CHECK(memcmp(fake.wipers, host.image, sizeof host.image) == 0);
    CHECK(fake.pulses > 0 && host.given == host.pulses); /* each once, in order */
    CHECK(damaged_in_a_million == 0 || board.frames_bad > 0);
    printf("soak: %lu requests, %lu of %lu bytes damaged, %lu frames dropped by the board\n", (unsigned long)host.next,
           (unsigned long)(host.down.damaged + host.up.damaged), (unsigned long)(host.down.carried + host.up.carried),
           (unsigned long)board.frames_bad);
}

/* Every frame with every one of its bits turned, and a stray zero behind it. */
static void one_turned_bit_never_makes_another_frame(uint32_t frames)
{
    struct labrig_receiver receiver;
    uint8_t body[LABRIG_BODY_MAX];
    uint8_t encoded[ENCODED_MAX + 1];
    unsigned accepted = 0, turned = 0;
    host.random.state = 4;
    for (uint32_t k = 0; k < frames; k++) {
        struct request request = {.seq = (uint8_t)k};
        make_ping(&request);
        const size_t count = encode(&request, encoded);
        encoded[count] = 0;
        for (size_t bit = 0; bit < 8 * count; bit++) {
            encoded[bit / 8] = (uint8_t)(encoded[bit / 8] ^ 1u << bit % 8);
            labrig_receiver_begin(&receiver, body);
            for (size_t at = 0; at <= count; at++) {
                if (labrig_receiver_byte(&receiver, encoded[at]) == LABRIG_RECEIVED_FRAME) {
                    print_hex("accepted", encoded, count + 1);
                    accepted++;
                }
            }
            encoded[bit / 8] = (uint8_t)(encoded[bit / 8] ^ 1u << bit % 8);
            turned++;
        }
    }
    CHECK(accepted == 0);
    printf("soak: %u turned bits, %u wrong frames accepted\n", turned, accepted);
}

int main(int count, char **words)
{
    const uint32_t requests = count > 1 ? (uint32_t)strtoul(words[1], NULL, 10) : 10000;
    one_turned_bit_never_makes_another_frame(requests / 16);
    soak(requests, 0);
    soak(requests, 100);
    soak(requests, 1500);
    soak(requests, 10000);
    printf("soak: %d checks, %d failed\n", checks_made, checks_failed);
    return checks_failed != 0;
}
