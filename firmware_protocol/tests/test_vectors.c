/* The golden vectors, vectors/vectors.txt: test_vectors FOLDER. Dialogues run against the host target's circuit. */
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "check.h"
#include "circuit_file.h"
#include "crc.h"
#include "digest.h"
#include "hal.h"
#include "labrig_protocol.h"
#include "nudge.h"
#include "packing.h"

#define BYTES_MAX 2048
#define WORDS_MAX 1300

int checks_made, checks_failed;

struct bytes {
    size_t count;
    uint8_t at[BYTES_MAX];
};

static const char *folder;
static char *words[WORDS_MAX];
static int word_count;
static struct circuit *circuit;
static struct labrig_board board;

static struct bytes hex(const char *text)
{
    struct bytes bytes = {0};
    for (unsigned value; sscanf(text, "%2x", &value) == 1; text += 2) {
        bytes.at[bytes.count++] = (uint8_t)value;
    }
    return bytes;
}

static int64_t integer(int place)
{
    return strtoll(words[place], NULL, 10);
}

static uint32_t number(int place)
{
    return (uint32_t)integer(place);
}

static bool equal(const struct bytes *a, const struct bytes *b)
{
    return a->count == b->count && memcmp(a->at, b->at, a->count) == 0;
}

static void run_crc16(void)
{
    const struct bytes data = hex(words[1]);
    uint16_t crc = LABRIG_CRC_INIT;
    for (size_t k = 0; k < data.count; k++) {
        crc = labrig_crc16(crc, data.at[k]);
    }
    CHECK((crc ^ LABRIG_CRC_XOROUT) == number(2));
}

static struct bytes encoded(const struct bytes *raw)
{
    struct labrig_cobs_encoder encoder;
    struct bytes sent = *raw, out = {0};
    labrig_cobs_begin(&encoder, sent.at, (uint8_t)raw->count);
    while (labrig_cobs_next(&encoder, &out.at[out.count])) {
        out.count++;
    }
    CHECK(equal(&sent, raw));
    return out;
}

static void run_cobs(void)
{
    const struct bytes raw = hex(words[1]);
    struct bytes expected = hex(words[2]), back = {0};
    struct labrig_cobs_decoder decoder = {0};
    enum labrig_cobs step = LABRIG_COBS_NONE;
    expected.at[expected.count++] = 0;
    for (size_t k = 0; k < expected.count; k++) {
        step = labrig_cobs_decode(&decoder, expected.at[k], &back.at[back.count]);
        back.count += step == LABRIG_COBS_BYTE;
    }
    CHECK(step == LABRIG_COBS_END && equal(&back, &raw));
    if (raw.count <= LABRIG_COBS_LONGEST) { /* the core sends nothing longer */
        const struct bytes out = encoded(&raw);
        CHECK(equal(&out, &expected));
    }
}

static enum labrig_received received(struct labrig_receiver *receiver, const struct bytes *bytes, size_t count)
{
    enum labrig_received last = LABRIG_RECEIVED_NOTHING;
    static uint8_t body[LABRIG_BODY_MAX];
    labrig_receiver_begin(receiver, body);
    for (size_t k = 0; k < count; k++) {
        const enum labrig_received step = labrig_receiver_byte(receiver, bytes->at[k]);
        last = step == LABRIG_RECEIVED_NOTHING ? last : step;
    }
    return last;
}

static void run_frame(void)
{
    const struct bytes payload = hex(words[4]), expected = hex(words[5]);
    struct labrig_receiver receiver;
    struct bytes body = {0};
    memcpy(body.at + LABRIG_HEADER_SIZE, payload.at, payload.count);
    body.count = labrig_frame_seal(body.at, (uint8_t)payload.count, (uint8_t)number(1), (uint8_t)number(2),
                                   (uint8_t)number(3));
    const struct bytes out = encoded(&body);
    CHECK(equal(&out, &expected));
    CHECK(received(&receiver, &expected, expected.count) == LABRIG_RECEIVED_FRAME);
    CHECK(memcmp(receiver.body, body.at, body.count) == 0);
}

static void run_damaged(void)
{
    const struct bytes bytes = hex(words[1]);
    struct labrig_receiver receiver;
    CHECK(received(&receiver, &bytes, bytes.count) == LABRIG_RECEIVED_DAMAGED);
}

static void run_pack(void)
{
    const struct bytes expected = hex(words[2]);
    const uint8_t width = (uint8_t)number(1);
    struct bytes packed = {0};
    for (int k = 3; k < word_count; k++) {
        labrig_pack(packed.at, (uint16_t)(k - 3), width, number(k));
        CHECK(width > 16 || labrig_unpack(expected.at, (uint16_t)(k - 3), width) == number(k));
    }
    packed.count = labrig_packed_size((uint16_t)(word_count - 3), width);
    CHECK(equal(&packed, &expected));
    if (width <= 16) {
        uint16_t codes[UINT8_MAX + 1] = {0};
        labrig_unpack_codes(expected.at, 0, (uint8_t)(word_count - 3), width, codes);
        for (int k = 3; k < word_count; k++) {
            CHECK(codes[k - 3] == number(k));
        }
        CHECK(codes[word_count - 3] == 0); /* no more than was asked for */
    }
}

static void run_sum(void)
{
    CHECK(labrig_sum_bits((uint8_t)number(1), (uint8_t)number(2)) == number(3));
}

static void run_nudge(void)
{
    const struct labrig_config config = {.adc_bits = (uint8_t)number(1), .adc_span_uv = number(2),
                                         .dac_bits = (uint8_t)number(3), .dac_span_uv = number(4)};
    struct labrig_nudge nudge = {.averages = (uint8_t)number(7), .dac_bits = config.dac_bits,
                                 .fraction = (int16_t)number(8)};
    labrig_nudge_scale(&config, nudge.scale);
    for (unsigned k = 0; k < LABRIG_SCALE_BYTES; k++) {
        CHECK(nudge.scale[k] == (uint8_t)(integer(5) >> 8 * k));
    }
    CHECK(labrig_nudge_code(&nudge, number(6), (uint16_t)number(9)) == number(10));
}

static void run_digest(void)
{
    uint32_t digest = 0;
    for (int k = 2; k < word_count; k++) {
        const uint16_t code = (uint16_t)number(k);
        digest = labrig_digest_codes(digest, &code, 1, UINT16_MAX);
    }
    CHECK(digest == number(1));
}

static void run_read(void)
{
    struct labrig_seen seen[2];
    for (int k = 0; k < 2; k++) {
        seen[k] = (struct labrig_seen){(int32_t)integer(3 + 3 * k), (int32_t)integer(4 + 3 * k), (int32_t)integer(5 + 3 * k)};
    }
    CHECK(labrig_conductance(&seen[0], &seen[1], number(1)) == number(2));
}

static void run_dialogue(void)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, words[2]);
    free(circuit);
    circuit = calloc(1, sizeof *circuit);
    circuit_file_read(path, "TEST", circuit);
    circuit_changed_branch();
    hal_attach(circuit);
    labrig_start(&board, &circuit->config, 1);
}

static void run_turn(void)
{
    const struct bytes request = hex(words[1]), expected = hex(words[2]);
    struct bytes reply = {0};
    for (size_t k = 0; k < request.count; k++) {
        labrig_receive(&board, request.at[k]);
    }
    while (labrig_poll(&board)) {
    }
    while (labrig_transmit(&board, &reply.at[reply.count])) {
        reply.count++;
    }
    CHECK(equal(&reply, &expected));
}

static void run_line(char *text)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } kinds[] = {
        {"crc16", run_crc16}, {"cobs", run_cobs},     {"frame", run_frame},       {"damaged", run_damaged},
        {"pack", run_pack},   {"sum", run_sum},       {"nudge", run_nudge},       {"digest", run_digest},
        {"read", run_read},
        {"turn", run_turn},   {"dialogue", run_dialogue},
    };
    const int failed = checks_failed;
    word_count = 0;
    for (char *rest, *word = strtok_r(text, " \n", &rest); word != NULL; word = strtok_r(NULL, " \n", &rest)) {
        words[word_count++] = word;
    }
    bool known = false;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (strcmp(kinds[k].name, words[0]) == 0) {
            kinds[k].run();
            known = true;
        }
    }
    CHECK(known);
    if (checks_failed != failed) {
        fprintf(stderr, "    in: %s %s %s\n", words[0], words[1], word_count > 2 ? words[2] : "");
    }
}

int main(int count, char **arguments)
{
    static char text[16384];
    char path[1024];
    folder = count > 1 ? arguments[1] : "vectors";
    (void)snprintf(path, sizeof path, "%s/vectors.txt", folder);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    while (fgets(text, sizeof text, file) != NULL) {
        if (text[0] != '#') {
            run_line(text);
        }
    }
    fclose(file);
    free(circuit);
    printf("vectors: %d checks, %d failed\n", checks_made, checks_failed);
    return checks_failed != 0;
}
