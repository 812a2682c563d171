#include "fake.h"

#include <string.h>

#include "digest.h"
#include "labrig_protocol.h"
#include "packing.h"

struct fake fake;
struct labrig_board board;

struct labrig_config fake_config = {
    .inputs = FAKE_INPUTS,
    .outputs = FAKE_OUTPUTS,
    .hidden = FAKE_HIDDEN,
    .branches = FAKE_BRANCHES,
    .code_bits = 9,
    .code_min = 1,
    .code_max = 256,
    .adc_bits = 12,
    .adc_span_uv = 5000000,
    .dac_bits = 12,
    .dac_span_uv = 5000000,
    .drive_mohm = 100000,
    .features = LABRIG_FEATURE_NUDGE_TOWARD | LABRIG_FEATURE_NUDGE_THROUGH | LABRIG_FEATURE_INJECT
        | LABRIG_FEATURE_SOURCE_SENSE,
    .through_min_ns = 10,
    .through_max_ns = 1000000,
};

uint8_t labrig_hal_texts(uint8_t *to)
{
    memcpy(to, fake.texts, fake.texts_size);
    return fake.texts_size;
}

uint32_t labrig_hal_milliseconds(void)
{
    return fake.now_ms;
}

uint32_t labrig_hal_write_wipers(uint16_t first, const uint16_t *codes, uint8_t count, uint32_t digest)
{
    memcpy(&fake.wipers[first], codes, count * sizeof *codes);
    return labrig_digest_codes(digest, codes, count, UINT16_MAX);
}

uint16_t labrig_hal_read_wiper(uint16_t branch)
{
    return fake.wipers[branch];
}

void labrig_hal_drive(labrig_line driver, uint16_t dac_code)
{
    fake.drivers[driver] = (struct fake_driver){.kind = FAKE_DRIVEN, .code = dac_code};
}

void labrig_hal_drive_through(labrig_line driver, uint16_t dac_code, uint32_t nanosiemens)
{
    fake.drivers[driver] = (struct fake_driver){FAKE_THROUGH, dac_code, nanosiemens, 0};
}

void labrig_hal_inject(labrig_line driver, int32_t picoamperes)
{
    fake.drivers[driver] = (struct fake_driver){FAKE_INJECTED, 0, 0, picoamperes};
}

void labrig_hal_release(labrig_line driver)
{
    fake.drivers[driver] = (struct fake_driver){0};
}

const struct labrig_pulse_range *labrig_hal_pulse_range(void)
{
    return &fake.range;
}

void labrig_hal_pulse(uint16_t branch, int16_t millivolts, uint32_t width)
{
    fake.pulses++;
    fake.last_pulse = (struct fake_pulse){branch, millivolts, width};
    for (labrig_line k = 0; k < labrig_drivers(&fake_config); k++) {
        if (fake.drivers[k].kind != FAKE_DRIVEN || fake.drivers[k].code != 0) {
            fake.loose_pulses++;
            break;
        }
    }
    if (fake.moved != NULL) {
        fake.moved(&fake.last_pulse);
    }
}

bool labrig_hal_pulsed(void)
{
    return !fake.pulsing;
}

void labrig_hal_settle(uint16_t steps)
{
    fake.settle_steps = steps;
}

bool labrig_hal_settled(void)
{
    return !fake.settling;
}

void labrig_hal_scan(labrig_line first, labrig_line count, uint8_t *codes, uint8_t apart)
{
    fake.conversions += count;
    if (fake.scanned != NULL) {
        fake.scanned();
    }
    for (labrig_line k = 0; k < count; k++) {
        memcpy(codes + apart * k, &fake.readings[first + k], 2);
    }
}

uint16_t labrig_hal_supply_mv(void)
{
    return 4987;
}

int16_t labrig_hal_temperature_cdegc(void)
{
    return -1234;
}

void fake_boot(void)
{
    memset(&fake, 0, sizeof fake);
    fake.range = (struct labrig_pulse_range){2000, 3000, 10, 100, 1000000};
    fake.now_ms = 0xFFFFFF00ul; /* so that the clock wraps during most tests */
    for (unsigned k = 0; k < FAKE_BRANCHES; k++) {
        fake.wipers[k] = 128;
    }
    for (unsigned k = 0; k < FAKE_CHANNELS; k++) {
        fake.readings[k] = (uint16_t)(100 + k);
    }
    labrig_start(&board, &fake_config, 7);
}

void fake_send_bytes(const uint8_t *bytes, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        labrig_receive(&board, bytes[k]);
    }
}

void fake_send(uint8_t type, uint8_t seq, const uint8_t *payload, uint8_t length)
{
    uint8_t body[LABRIG_BODY_MAX], byte;
    struct labrig_cobs_encoder encoder;
    if (length > 0) {
        memcpy(body + LABRIG_HEADER_SIZE, payload, length);
    }
    labrig_cobs_begin(&encoder, body, labrig_frame_seal(body, length, type, seq, 0));
    while (labrig_cobs_next(&encoder, &byte)) {
        labrig_receive(&board, byte);
    }
}

struct answer fake_run(void)
{
    uint8_t body[LABRIG_BODY_MAX];
    struct labrig_receiver receiver;
    struct answer answer = {0};
    uint8_t byte;
    labrig_receiver_begin(&receiver, body);
    while (labrig_poll(&board)) {
    }
    while (labrig_transmit(&board, &byte)) {
        if (labrig_receiver_byte(&receiver, byte) == LABRIG_RECEIVED_FRAME) {
            answer.length = receiver.body[0];
            answer.type = receiver.body[1];
            answer.seq = receiver.body[2];
            answer.flags = receiver.body[3];
            memcpy(answer.payload, receiver.body + LABRIG_HEADER_SIZE, answer.length);
        }
    }
    return answer;
}

struct answer fake_ask(uint8_t type, uint8_t seq, const uint8_t *payload, uint8_t length)
{
    fake_send(type, seq, payload, length);
    return fake_run();
}

struct answer fake_hello(uint8_t seq)
{
    uint8_t payload[LABRIG_HELLO_REQUEST_SIZE] = {LABRIG_VERSION};
    labrig_put_u32(payload + LABRIG_HELLO_REQUEST_FINGERPRINT_AT, LABRIG_FINGERPRINT);
    return fake_ask(LABRIG_TYPE_HELLO, seq, payload, sizeof payload);
}

void fake_armed(void)
{
    fake_boot();
    (void)fake_hello(0);
    (void)FAKE_ASK(LABRIG_TYPE_ARM, 1, 0xE8, 0x03);
}

unsigned fake_driven(void)
{
    unsigned count = 0;
    for (unsigned k = 0; k < FAKE_DRIVERS; k++) {
        count += fake.drivers[k].kind != FAKE_RELEASED;
    }
    return count;
}
