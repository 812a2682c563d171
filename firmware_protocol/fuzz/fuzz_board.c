/* The whole core on the fake board. An input chooses the board, then says step by step what happens to it; frames get
 * their CRC and, unless it says otherwise, the number that is due, so that what is behind these checks is reached. */
#include <string.h>

#include "fake.h"
#include "fuzz.h"
#include "inputs.h"
#include "labrig_protocol.h"
#include "model.h"
#include "plain.h"

static const struct labrig_config *const boards[BOARDS], learner, pulser;

/* What the converters give: within their bits, all ones, or from their highest code on upward. */
static void choose_readings(uint8_t choice)
{
    for (unsigned k = 0; k < FAKE_CHANNELS; k++) {
        const uint16_t top = (uint16_t)((1ul << fake_config.adc_bits) - 1u);
        const uint16_t readings[] = {(uint16_t)((100u + 37u * k) & top), UINT16_MAX, (uint16_t)(top + k), 0};
        fake.readings[k] = readings[choice % 4];
    }
}

static void send_frame(struct input *input, uint8_t place, uint8_t turned)
{
    uint8_t wire[PLAIN_FRAME_MAX];
    const uint8_t *payload;
    const uint8_t type = input_byte(input);
    const uint8_t seq = (uint8_t)(model_next_seq() + input_byte(input));
    const uint8_t wanted = input_byte(input);
    const size_t length = input_bytes(input, wanted < LABRIG_MAX_PAYLOAD ? wanted : LABRIG_MAX_PAYLOAD, &payload);
    const size_t count = plain_encode(type, seq, 0, payload, (uint8_t)length, wire);
    wire[place % count] ^= turned;
    for (size_t k = 0; k < count; k++) {
        model_receive(wire[k]);
    }
}

static void greet(uint8_t seq)
{
    const uint8_t payload[] = {LABRIG_VERSION, LABRIG_FINGERPRINT & 0xFFu, LABRIG_FINGERPRINT >> 8 & 0xFFu,
                               LABRIG_FINGERPRINT >> 16 & 0xFFu, LABRIG_FINGERPRINT >> 24};
    uint8_t wire[PLAIN_FRAME_MAX];
    const size_t count = plain_encode(LABRIG_TYPE_HELLO, seq, 0, payload, sizeof payload, wire);
    model_receive(0);
    for (size_t k = 0; k < count; k++) {
        model_receive(wire[k]);
    }
}

static void make_noise(struct input *input)
{
    const uint8_t *bytes;
    const size_t count = input_bytes(input, input_byte(input), &bytes);
    for (size_t k = 0; k < count; k++) {
        model_receive(bytes[k]);
    }
}

static void work(unsigned polls)
{
    while (polls-- > 0 && model_poll()) {
    }
}

static void answer(unsigned bytes)
{
    while (bytes-- > 0 && model_transmit()) {
    }
}

static void take_step(struct input *input)
{
    uint8_t place, turned;
    switch ((enum step)(input_byte(input) % STEPS)) {
    case REQUEST: send_frame(input, 0, 0); break;
    case GREET: greet(input_byte(input)); break;
    case DAMAGED:
        place = input_byte(input);
        turned = input_byte(input);
        send_frame(input, place, turned);
        break;
    case NOISE: make_noise(input); break;
    case WORK: work(input_byte(input)); break;
    case ANSWER: answer(input_byte(input)); break;
    case REST: model_rest(); break;
    case WAIT: fake.now_ms += 8u * input_byte(input); break;
    case SETTLING: fake.settling = !fake.settling; break;
    default: model_line_lost(); break;
    }
}

/* Silence releases everything, in the midst of settling too; and a zero and a greeting are understood after anything. */
static void end(void)
{
    model_rest();
    fake.now_ms += 0x10000u; /* more than any heartbeat */
    (void)model_poll();
    REQUIRE(!board.armed && fake_driven() == 0);
    fake.settling = false;
    model_rest();
    greet(77);
    model_rest();
    REQUIRE(board.session.open && board.session.expected == 78);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, data + size};
    const uint8_t chosen = input_byte(&input);
    fake_config = chosen < LEARNS ? *boards[chosen % BOARDS] : chosen >= PULSES && chosen < PULSES_END ? pulser : learner;
    fake_boot();
    choose_readings(chosen / BOARDS);
    model_begin();
    while (input.at != input.end) {
        take_step(&input);
    }
    end();
    return 0;
}

#define EVERY_FEATURE                                                                                                  \
    (LABRIG_FEATURE_NUDGE_TOWARD | LABRIG_FEATURE_NUDGE_THROUGH | LABRIG_FEATURE_INJECT | LABRIG_FEATURE_SOURCE_SENSE)

/* Two are as large as the boards of the golden dialogues, whose requests thus mean something to them. */
static const struct labrig_config divider = {
    .inputs = 2, .outputs = 1, .branches = 2, .code_bits = 8, .code_max = 255, .adc_bits = 12, .adc_span_uv = 4095000,
    .dac_bits = 12, .dac_span_uv = 4095000, .drive_mohm = 100000, .features = EVERY_FEATURE, .through_min_ns = 1000,
    .through_max_ns = 1000000,
};
static const struct labrig_config graph = {
    .inputs = 2, .outputs = 2, .hidden = 3, .branches = 8, .code_bits = 9, .code_max = 256, .adc_bits = 16,
    .adc_span_uv = 4096000, .dac_bits = 10, .dac_span_uv = 5000000, .features = EVERY_FEATURE, .through_min_ns = 1000,
    .through_max_ns = 1000000,
};
static const struct labrig_config coarse = {
    .inputs = 3, .outputs = 2, .hidden = 1, .branches = 20, .code_bits = 10, .code_min = 3, .code_max = 1000,
    .adc_bits = 4, .adc_span_uv = 8000000, .dac_bits = 16, .dac_span_uv = 1000000,
    .features = LABRIG_FEATURE_NUDGE_TOWARD,
};
static const struct labrig_config wide = {
    .inputs = 1, .outputs = 4, .branches = 20, .code_bits = 16, .code_max = 65535, .adc_bits = 12,
    .adc_span_uv = 5000000, .dac_bits = 12, .dac_span_uv = 5000000, .features = LABRIG_FEATURE_SOURCE_SENSE,
};
static const struct labrig_config learner = {
    .inputs = 3, .outputs = 2, .branches = 6, .code_bits = 8, .code_max = 255, .adc_bits = 12, .adc_span_uv = 5000000,
    .dac_bits = 12, .dac_span_uv = 5000000,
    .features = LABRIG_FEATURE_NUDGE_TOWARD | LABRIG_FEATURE_SOURCE_SENSE | LABRIG_FEATURE_LEARN,
};
static const struct labrig_config pulser = {
    .inputs = 3, .outputs = 2, .branches = 6, .code_bits = 8, .code_max = 255, .adc_bits = 16, .adc_span_uv = 500000,
    .dac_bits = 12, .dac_span_uv = 4095000, .drive_mohm = 1000000,
    .features = LABRIG_FEATURE_SOURCE_SENSE | LABRIG_FEATURE_PULSE | LABRIG_FEATURE_VERIFY,
};
static const struct labrig_config *const boards[BOARDS] = {
    [DIVIDER] = &divider, [GRAPH] = &graph, [COARSE] = &coarse, [WIDE] = &wide};
