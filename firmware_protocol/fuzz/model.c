#include "model.h"

#include <string.h>

#include "fake.h"
#include "fuzz.h"
#include "labrig_protocol.h"
#include "plain.h"

#define WAITING_MAX 128u /* more than the ring holds of the shortest frames */
#define POLLS_MAX 20000u /* more than everything that the ring holds can take */
#define BOOT_COUNT 7u
#define MS_A_POLL 8u
#define OLDER 64u

struct request {
    uint8_t body[PLAIN_FRAME_MAX];
    size_t encoded; /* bytes on the wire */
};

struct reply {
    uint8_t body[PLAIN_FRAME_MAX];
    bool kept;      /* as it carried data */
    bool displaced; /* it may stand where such replies are kept: a measurement that was cut short */
};

static struct {
    struct request waiting[WAITING_MAX]; /* good frames that are not answered, oldest first */
    size_t waiting_count, waiting_bytes;
    size_t echo_bytes; /* at most so many of the ring are of frames that are not answered */

    uint8_t wire[2 * PLAIN_FRAME_MAX]; /* of the frame that arrives; what is beyond is too long for one */
    size_t wire_count;
    size_t held, room; /* when it began: bytes of requests that are not answered, and what the board would take */
    uint8_t arrived, damaged, overruns; /* the inbox's counts so far */
    uint32_t good, bad;

    uint8_t reply[PLAIN_FRAME_MAX];
    size_t reply_count;

    bool open, armed;
    uint8_t expected;
    unsigned answered;
    uint16_t heartbeat_ms;
    uint32_t busy_ms; /* when there was a request last */
    struct reply replies[256]; /* by SEQ */

    uint16_t image[LABRIG_MAX_BRANCHES];
    uint16_t readings[FAKE_CHANNELS];
    struct fake_driver imposed[FAKE_DRIVERS]; /* unless a heartbeat ran out; of a nudge toward a target, no code */
    bool nudged[FAKE_DRIVERS];

    uint32_t latents[LABRIG_MAX_BRANCHES]; /* unless they have been learned: then those of these codes have these bounds */
    uint32_t floor, ceiling;
    uint8_t lowest, highest;
    size_t loaded;
    bool learned, learning_ended;
    uint16_t codes_then[LABRIG_MAX_BRANCHES]; /* when learning ended */

    unsigned pulses; /* that replies told of */
} model;

static unsigned u16(const uint8_t *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static uint32_t u32(const uint8_t *at)
{
    return u16(at) | (uint32_t)u16(at + 2) << 16;
}

void model_begin(void)
{
    memset(&model, 0, sizeof model);
    memcpy(model.image, fake.wipers, sizeof fake.wipers);
    memcpy(model.readings, fake.readings, sizeof fake.readings);
    model.busy_ms = fake.now_ms;
    model.arrived = board.inbox.arrived;
    model.damaged = board.inbox.damaged;
    model.overruns = board.inbox.overruns;
}

uint8_t model_next_seq(void)
{
    uint8_t next = model.expected;
    for (size_t k = 0; k < model.waiting_count; k++) {
        const uint8_t type = model.waiting[k].body[1], seq = model.waiting[k].body[2];
        const bool counts = seq == next && type != LABRIG_TYPE_STATUS && type != LABRIG_TYPE_IDENTIFY;
        if (counts || type == LABRIG_TYPE_HELLO) {
            next = (uint8_t)(seq + 1u);
        }
    }
    return next;
}

/* --- What arrives --- */

static void frame_ended(void)
{
    uint8_t body[sizeof model.wire];
    const bool fits = model.wire_count <= sizeof model.wire;
    const size_t size = fits ? plain_unstuff(model.wire, model.wire_count, body) : SIZE_MAX;
    const bool good = size != SIZE_MAX && plain_good(body, size);
    const bool arrived = board.inbox.arrived != model.arrived;
    const bool damaged = board.inbox.damaged != model.damaged;
    const bool lost = board.inbox.overruns != model.overruns;
    const size_t encoded = model.wire_count + 1;
    REQUIRE(arrived + damaged + lost == (model.wire_count != 0));
    REQUIRE(!arrived || good);
    REQUIRE(!damaged || !good);
    REQUIRE(!lost || model.held + encoded > LABRIG_WINDOW); /* who keeps to the window loses nothing */
    REQUIRE(!lost || encoded > model.room);
    model.bad += damaged;
    if (arrived && (body[1] & LABRIG_REPLY_BIT) != 0) {
        model.bad++; /* an echo, to be dropped; no host sends it, so that it may take room */
        model.echo_bytes += encoded;
    } else if (arrived) {
        struct request *request = &model.waiting[model.waiting_count++];
        REQUIRE(model.waiting_count < WAITING_MAX);
        memcpy(request->body, body, size);
        request->encoded = encoded;
        model.waiting_bytes += encoded;
        model.good++;
    }
}

void model_receive(uint8_t byte)
{
    if (model.wire_count == 0) {
        model.held = model.waiting_bytes + model.echo_bytes;
        model.room = labrig_room(&board);
        REQUIRE(model.room <= LABRIG_WINDOW && model.room + model.held >= LABRIG_WINDOW);
    }
    labrig_receive(&board, byte);
    if (byte == 0) {
        frame_ended();
        model.wire_count = 0;
    } else {
        REQUIRE(board.inbox.arrived == model.arrived && board.inbox.damaged == model.damaged
                && board.inbox.overruns == model.overruns);
        if (model.wire_count < sizeof model.wire) {
            model.wire[model.wire_count] = byte;
        }
        model.wire_count++;
    }
    model.arrived = board.inbox.arrived;
    model.damaged = board.inbox.damaged;
    model.overruns = board.inbox.overruns;
}

/* --- What is answered --- */

static bool legal_code(uint32_t code)
{
    return code >= fake_config.code_min && code <= fake_config.code_max;
}

static bool span(const uint8_t *payload, size_t length, size_t *start, size_t *count)
{
    if (length < 3) {
        return false;
    }
    *start = u16(payload);
    *count = payload[2];
    return *start + *count <= fake_config.branches;
}

static bool write_codes(const uint8_t *payload, size_t length)
{
    size_t start, count;
    const unsigned width = fake_config.code_bits;
    if (!span(payload, length, &start, &count) || length != 3 + plain_packed_size(count, width)) {
        return false;
    }
    for (size_t k = 0; k < count; k++) {
        if (!legal_code(plain_bits(payload + 3, k * width, width))) {
            return false;
        }
    }
    for (size_t k = 0; k < count; k++) {
        model.image[start + k] = (uint16_t)plain_bits(payload + 3, k * width, width);
    }
    return true;
}

static bool write_some_codes(const uint8_t *payload, size_t length)
{
    const unsigned width = fake_config.code_bits;
    if (length < 4) {
        return false;
    }
    const size_t start = u16(payload), count = u16(payload + 2);
    size_t changed = 0;
    if (start + count > fake_config.branches || length < 4 + plain_packed_size(count, 1)) {
        return false;
    }
    const size_t bits = 8 * plain_packed_size(count, 1);
    for (size_t k = 0; k < bits; k++) {
        const uint32_t set = plain_bits(payload + 4, k, 1);
        if (set != 0 && k >= count) {
            return false;
        }
        changed += set;
    }
    const uint8_t *packed = payload + 4 + bits / 8;
    if (length != 4 + bits / 8 + plain_packed_size(changed, width)) {
        return false;
    }
    for (size_t k = 0; k < changed; k++) {
        if (!legal_code(plain_bits(packed, k * width, width))) {
            return false;
        }
    }
    for (size_t k = 0, place = 0; k < count; k++) {
        if (plain_bits(payload + 4, k, 1) != 0) {
            model.image[start + k] = (uint16_t)plain_bits(packed, place++ * width, width);
        }
    }
    return true;
}

static uint32_t image_digest(size_t codes)
{
    uint64_t digest = 0;
    for (size_t k = 0; k < codes; k++) {
        digest = (digest * 65741u + model.image[k]) % ((uint64_t)1 << 32);
    }
    return (uint32_t)digest;
}

static void judge_write(const uint8_t *reply, bool legal)
{
    model.loaded = legal ? 0 : model.loaded;
    REQUIRE(reply[0] == 0);
    REQUIRE((reply[3] == LABRIG_STATUS_OK) == legal);
    REQUIRE(legal || reply[3] == LABRIG_STATUS_LENGTH || reply[3] == LABRIG_STATUS_RANGE);
}

static void judge_digest(const uint8_t *reply, uint8_t status)
{
    REQUIRE(reply[3] == status && reply[0] == LABRIG_DIGEST_REPLY_SIZE);
    REQUIRE(u32(reply + 4) == image_digest(fake_config.branches));
    REQUIRE(u32(reply + 8) == BOOT_COUNT);
}

static void judge_read(const uint8_t *payload, size_t length, const uint8_t *reply)
{
    size_t start = 0, count = 0;
    const unsigned width = fake_config.code_bits;
    if (!span(payload, length, &start, &count) || length != 3 || plain_packed_size(count, width) > LABRIG_MAX_PAYLOAD) {
        REQUIRE(reply[0] == 0 && (reply[3] == LABRIG_STATUS_LENGTH || reply[3] == LABRIG_STATUS_RANGE));
        return;
    }
    REQUIRE(reply[3] == LABRIG_STATUS_OK && reply[0] == plain_packed_size(count, width));
    for (size_t k = 0; k < count; k++) {
        REQUIRE(plain_bits(reply + 4, k * width, width) == model.image[start + k]);
    }
}

/* A section's bitmap, for `lines` from `first` on. Returns where the values begin. */
static const uint8_t *name_lines(const uint8_t *at, size_t first, size_t lines, enum fake_kind kind)
{
    for (size_t k = 0; k < lines; k++) {
        if (plain_bits(at, k, 1) != 0) {
            model.imposed[first + k] = (struct fake_driver){.kind = kind};
        }
    }
    return at + plain_packed_size(lines, 1);
}

/* The values of the lines that a bitmap names. Returns what is behind them. */
static const uint8_t *set_lines(const uint8_t *which, const uint8_t *at, size_t first, size_t lines, unsigned width)
{
    size_t place = 0;
    for (size_t k = 0; k < lines; k++) {
        if (plain_bits(which, k, 1) != 0) {
            const uint32_t value = plain_bits(at, place++ * width, width);
            struct fake_driver *driver = &model.imposed[first + k];
            driver->code = driver->kind == FAKE_INJECTED ? 0 : (uint16_t)value;
            driver->picoamperes = driver->kind == FAKE_INJECTED ? (int32_t)value : 0;
        }
    }
    return at + plain_packed_size(place, width);
}

/* What a boundary leaves imposed; the board has found no fault in it. Returns what is behind it. */
static const uint8_t *impose(const uint8_t *at)
{
    const size_t inputs = fake_config.inputs, outputs = fake_config.outputs;
    const unsigned width = fake_config.dac_bits;
    const uint8_t sections = *at++;
    const uint8_t *which = at;
    if ((sections & LABRIG_SECTION_INPUTS) != 0) {
        memset(model.imposed, 0, inputs * sizeof *model.imposed);
        at = set_lines(which, name_lines(at, 0, inputs, FAKE_DRIVEN), 0, inputs, width);
    }
    memset(&model.imposed[inputs], 0, outputs * sizeof *model.imposed);
    memset(model.nudged, 0, sizeof model.nudged);
    if ((sections & LABRIG_SECTION_CLAMPS) != 0) {
        which = at;
        at = set_lines(which, name_lines(at, inputs, outputs, FAKE_DRIVEN), inputs, outputs, width);
    }
    if ((sections & LABRIG_SECTION_TOWARD) != 0) {
        which = at;
        at = set_lines(which, name_lines(at, inputs, outputs, FAKE_DRIVEN) + 2, inputs, outputs, width);
        for (size_t k = 0; k < outputs; k++) {
            model.nudged[inputs + k] = plain_bits(which, k, 1) != 0;
        }
    }
    if ((sections & LABRIG_SECTION_THROUGH) != 0) {
        which = at;
        at = name_lines(at, inputs, outputs, FAKE_THROUGH);
        for (size_t k = 0; k < outputs; k++) {
            model.imposed[inputs + k].nanosiemens += plain_bits(which, k, 1) != 0 ? u32(at) : 0;
        }
        at = set_lines(which, at + 4, inputs, outputs, width);
    }
    if ((sections & LABRIG_SECTION_INJECT) != 0) {
        which = at;
        at = set_lines(which, name_lines(at, inputs, outputs, FAKE_INJECTED), inputs, outputs, 32);
    }
    return at;
}

/* The fake board reads the same whatever is driven, so that every sum is known. */
static void judge_measure(const uint8_t *payload, size_t length, const uint8_t *reply)
{
    if (reply[3] != LABRIG_STATUS_OK) {
        REQUIRE(reply[0] == 0);
        REQUIRE(reply[3] == LABRIG_STATUS_LENGTH || reply[3] == LABRIG_STATUS_RANGE
                || reply[3] == LABRIG_STATUS_NOT_ARMED);
        return;
    }
    REQUIRE(length >= 8);
    const size_t drivers = labrig_drivers(&fake_config);
    const size_t senses = (fake_config.features & LABRIG_FEATURE_SOURCE_SENSE) != 0 ? drivers : 0;
    const unsigned averages = payload[2];
    const size_t start = u16(payload + 3), count = u16(payload + 5), states = payload[7] != 0 ? payload[7] : 1;
    REQUIRE(averages >= 1 && averages <= LABRIG_MAX_AVERAGES);
    REQUIRE(start + count <= labrig_lines(&fake_config) + senses);
    unsigned width = fake_config.adc_bits;
    while (1u << (width - fake_config.adc_bits) < averages) {
        width++;
    }
    const size_t bytes = plain_packed_size(count, width);
    const uint8_t *at = payload + 8;
    REQUIRE(states * bytes <= LABRIG_MAX_PAYLOAD && reply[0] == states * bytes);
    for (size_t k = 0; k < payload[7]; k++) {
        at = impose(at);
        REQUIRE(at <= payload + length);
    }
    REQUIRE(at == payload + length);
    for (size_t k = 0; k < states * count; k++) {
        const uint32_t reading = model.readings[start + k % count] & ((1u << fake_config.adc_bits) - 1u);
        REQUIRE(plain_bits(reply + 4 + k / count * bytes, k % count * width, width) == averages * reading);
    }
}

static void forget_drivers(void)
{
    model.armed = false;
    memset(model.imposed, 0, sizeof model.imposed);
}

static void judge_empty(const uint8_t *reply, bool legal, uint8_t refusal)
{
    REQUIRE(reply[0] == 0 && reply[3] == (legal ? LABRIG_STATUS_OK : refusal));
}

static void judge_arm(const uint8_t *payload, size_t length, const uint8_t *reply)
{
    const bool legal = length == 2 && u16(payload) != 0;
    judge_empty(reply, legal, length == 2 ? LABRIG_STATUS_RANGE : LABRIG_STATUS_LENGTH);
    if (legal) {
        model.armed = true;
        model.heartbeat_ms = (uint16_t)u16(payload);
    }
}

static uint32_t u24(const uint8_t *at)
{
    return u16(at) | (uint32_t)at[2] << 16;
}

static void judge_latent_write(const uint8_t *payload, size_t length, const uint8_t *reply)
{
    size_t start = 0, count = 0;
    const bool legal = span(payload, length, &start, &count) && length == 3 + 3 * count && start <= model.loaded;
    REQUIRE(reply[0] == 0 && (reply[3] == LABRIG_STATUS_OK) == legal);
    for (size_t k = 0; legal && k < count; k++) {
        model.latents[start + k] = u24(payload + 3 + 3 * k);
    }
    model.learned = model.learned && !legal;
    model.loaded = legal && start + count > model.loaded ? start + count : model.loaded;
}

static void judge_latent_read(const uint8_t *payload, size_t length, const uint8_t *reply)
{
    size_t start = 0, count = 0;
    const bool legal = span(payload, length, &start, &count) && length == 3 && 3 * count <= LABRIG_MAX_PAYLOAD
        && start + count <= model.loaded;
    REQUIRE((reply[3] == LABRIG_STATUS_OK) == legal && reply[0] == (legal ? 3 * count : 0));
    for (size_t k = 0; legal && k < count; k++) {
        const uint32_t latent = u24(reply + 4 + 3 * k);
        REQUIRE(model.learned || latent == model.latents[start + k]);
        const uint16_t code = model.image[start + k];
        REQUIRE(!model.learned || code != model.highest || latent >= model.floor);
        REQUIRE(!model.learned || code != model.lowest || latent <= model.ceiling);
    }
}

/* What is learned is judged elsewhere; here: within the bounds that were asked for, and told as it is. */
static void judge_learn(const uint8_t *payload, size_t length, const uint8_t *reply)
{
    const bool began = model.learning_ended;
    if (began) {
        memcpy(model.image, model.codes_then, sizeof model.image);
        model.learning_ended = false;
    }
    if (reply[3] != LABRIG_STATUS_OK) {
        REQUIRE(reply[0] == 0 && (!began || reply[3] == LABRIG_STATUS_NOT_ARMED));
        model.loaded = began ? 0 : model.loaded;
        return;
    }
    REQUIRE(began && length >= LABRIG_LEARN_REQUEST_SIZE && reply[0] == LABRIG_LEARN_REPLY_SIZE);
    REQUIRE(model.loaded == fake_config.branches && payload[24] != 0 && payload[24] % 2 == 0);
    REQUIRE(u32(reply + 4) == image_digest(fake_config.branches) && u32(reply + 8) == BOOT_COUNT);
    REQUIRE(u16(reply + 12) >= 1 && u16(reply + 12) <= u16(payload + 3));
    for (size_t k = 0; k < fake_config.branches; k++) {
        REQUIRE(model.image[k] >= payload[14] && model.image[k] <= payload[15]);
    }
    const uint8_t *at = payload + LABRIG_LEARN_REQUEST_SIZE;
    for (size_t k = 0; k < payload[24]; k++) {
        at = impose(at);
        REQUIRE(at <= payload + length);
    }
    REQUIRE(at == payload + length);
    model.lowest = payload[14];
    model.highest = payload[15];
    model.floor = u32(payload + 16);
    model.ceiling = u32(payload + 20);
    model.learned = true;
}

static void ground(void)
{
    for (size_t k = 0; k < labrig_drivers(&fake_config); k++) {
        model.imposed[k] = (struct fake_driver){.kind = FAKE_DRIVEN};
    }
    memset(model.nudged, 0, sizeof model.nudged);
}

static bool legal_amplitude(int amplitude)
{
    const int highest = amplitude > 0 ? fake.range.highest_set_mv : fake.range.highest_reset_mv;
    const int magnitude = amplitude < 0 ? -amplitude : amplitude;
    return magnitude <= highest && magnitude % fake.range.step_mv == 0;
}

static bool legal_width(uint32_t width)
{
    return width >= fake.range.shortest && width <= fake.range.longest;
}

static void judge_pulse(const uint8_t *payload, size_t length, const uint8_t *reply)
{
    uint64_t widths = 0;
    bool legal = model.armed && length == 1u + 8u * (length > 0 ? payload[0] : 0u);
    for (size_t k = 0; legal && k < payload[0]; k++) {
        const uint8_t *at = payload + 1 + 8 * k;
        const int amplitude = (int16_t)u16(at + 2);
        widths += u32(at + 4);
        legal = u16(at) < fake_config.branches && amplitude != 0 && legal_amplitude(amplitude) && legal_width(u32(at + 4));
    }
    legal = legal && widths * 2 < model.heartbeat_ms * 100000ull;
    if (reply[3] == LABRIG_STATUS_OK) {
        REQUIRE(legal && reply[0] == 1 && reply[4] == payload[0]);
        ground();
    } else if (reply[0] != 0) { /* the heartbeat ran out */
        REQUIRE(legal && reply[3] == LABRIG_STATUS_NOT_ARMED && reply[0] == 1 && reply[4] <= payload[0]);
    } else { /* or it had run out before */
        REQUIRE(!legal || reply[3] == LABRIG_STATUS_NOT_ARMED);
        return;
    }
    model.pulses += reply[4];
}

/* What a branch came to follows from readings that are no memristors'; here: within the bounds, and no pulse untold. */
static void judge_verify(const uint8_t *payload, size_t length, const uint8_t *reply)
{
    if (reply[0] == 0) {
        REQUIRE(reply[3] == LABRIG_STATUS_LENGTH || reply[3] == LABRIG_STATUS_RANGE || reply[3] == LABRIG_STATUS_NOT_ARMED);
        return;
    }
    REQUIRE(reply[3] == LABRIG_STATUS_OK || reply[3] == LABRIG_STATUS_NOT_ARMED);
    REQUIRE(model.armed && length == 34u + 4u * payload[2] && u16(payload) + payload[2] <= fake_config.branches);
    REQUIRE(reply[0] == 3 + 8 * reply[4] && reply[4] <= payload[2] && legal_width(u32(payload + 22)));
    for (size_t k = 0; k < 3; k += 2) { /* starts and highest ones */
        REQUIRE(legal_amplitude((int)u16(payload + 10 + 2 * k)) && legal_amplitude(-(int)u16(payload + 16 + 2 * k)));
    }
    REQUIRE(legal_amplitude((int16_t)u16(reply + 5)));
    const unsigned most = u16(payload + 26);
    for (size_t k = 0; k < reply[4]; k++) {
        const uint8_t *record = reply + 7 + 8 * k;
        const bool wanted = u32(payload + 34 + 4 * k) != 0;
        const unsigned before = wanted && k == 0 ? u16(payload + 29) : 0;
        REQUIRE(u16(record + 4) >= before && u16(record + 4) <= most && record[6] <= payload[28]);
        REQUIRE(record[7] <= LABRIG_OUTCOME_UNDER_WAY && (record[7] != LABRIG_OUTCOME_UNTOUCHED) == wanted);
        REQUIRE(record[7] != LABRIG_OUTCOME_UNDER_WAY || k + 1u == reply[4]);
        REQUIRE((record[7] == LABRIG_OUTCOME_UNREADABLE) <= (u32(record) == UINT32_MAX));
        model.pulses += u16(record + 4) - before;
    }
    if (reply[3] == LABRIG_STATUS_OK) {
        REQUIRE(reply[4] > 0 || payload[2] == 0);
        ground();
    }
}

/* Of a board of memristors. Returns whether the request is one of pulses. */
static bool judge_pulsing(const uint8_t *request, const uint8_t *reply)
{
    if ((fake_config.features & LABRIG_FEATURE_PULSE) == 0) {
        return false;
    }
    switch (request[1]) {
    case LABRIG_TYPE_PULSE: judge_pulse(request + 4, request[0], reply); return true;
    case LABRIG_TYPE_VERIFY: judge_verify(request + 4, request[0], reply); return true;
    default: return false;
    }
}

/* Of a board that learns. Returns whether the request is one of learning. */
static bool judge_learning(const uint8_t *request, const uint8_t *reply)
{
    if ((fake_config.features & LABRIG_FEATURE_LEARN) == 0) {
        return false;
    }
    switch (request[1]) {
    case LABRIG_TYPE_LEARN: judge_learn(request + 4, request[0], reply); return true;
    case LABRIG_TYPE_LATENT_WRITE: judge_latent_write(request + 4, request[0], reply); return true;
    case LABRIG_TYPE_LATENT_READ: judge_latent_read(request + 4, request[0], reply); return true;
    default: return false;
    }
}

static void judge_carried_out(const uint8_t *request, const uint8_t *reply)
{
    const uint8_t *payload = request + 4;
    const size_t length = request[0];
    REQUIRE(reply[1] == (request[1] | LABRIG_REPLY_BIT));
    if (judge_learning(request, reply) || judge_pulsing(request, reply)) {
        return;
    }
    switch (request[1]) {
    case LABRIG_TYPE_PING:
        REQUIRE(reply[3] == LABRIG_STATUS_OK && reply[0] == length && memcmp(reply + 4, payload, length) == 0);
        break;
    case LABRIG_TYPE_WRITE:
        judge_write(reply, write_codes(payload, length));
        break;
    case LABRIG_TYPE_WRITE_SPARSE:
        judge_write(reply, write_some_codes(payload, length));
        break;
    case LABRIG_TYPE_APPLY:
        if (length != 4) {
            judge_empty(reply, false, LABRIG_STATUS_LENGTH);
        } else {
            const bool same = u32(payload) == image_digest(fake_config.branches);
            judge_digest(reply, same ? LABRIG_STATUS_OK : LABRIG_STATUS_READ_BACK);
        }
        break;
    case LABRIG_TYPE_DIGEST:
        if (length != 0) {
            judge_empty(reply, false, LABRIG_STATUS_LENGTH);
        } else {
            judge_digest(reply, LABRIG_STATUS_OK);
        }
        break;
    case LABRIG_TYPE_READ:
        judge_read(payload, length, reply);
        break;
    case LABRIG_TYPE_MEASURE:
        judge_measure(payload, length, reply);
        break;
    case LABRIG_TYPE_SAFE:
        judge_empty(reply, length == 0, LABRIG_STATUS_LENGTH);
        if (length == 0) {
            forget_drivers();
        }
        break;
    case LABRIG_TYPE_ARM:
        judge_arm(payload, length, reply);
        break;
    case LABRIG_TYPE_HEARTBEAT:
        judge_empty(reply, length == 0, LABRIG_STATUS_LENGTH);
        break;
    default:
        judge_empty(reply, false, LABRIG_STATUS_UNKNOWN);
        break;
    }
}

static void judge_hello(const uint8_t *request, const uint8_t *reply)
{
    const bool same = request[0] == 5 && request[4] == LABRIG_VERSION && u32(request + 5) == LABRIG_FINGERPRINT;
    REQUIRE(reply[3] == (same ? LABRIG_STATUS_OK : LABRIG_STATUS_RANGE));
    REQUIRE(reply[0] >= LABRIG_HELLO_REPLY_SIZE);
    REQUIRE(u16(reply + 4 + LABRIG_HELLO_REPLY_WINDOW_AT) == LABRIG_WINDOW);
    if (same) {
        model.open = true;
        forget_drivers();
        model.expected = (uint8_t)(request[2] + 1u);
        model.answered = 0;
    }
}

static void judge_status(const uint8_t *request, const uint8_t *reply)
{
    if (request[0] != 0) {
        judge_empty(reply, false, LABRIG_STATUS_LENGTH);
        return;
    }
    REQUIRE(reply[3] == LABRIG_STATUS_OK && reply[0] == LABRIG_STATUS_REPLY_SIZE);
    REQUIRE(reply[4 + LABRIG_STATUS_REPLY_ARMED_AT] <= 1);
    REQUIRE(u16(reply + 4 + LABRIG_STATUS_REPLY_DRIVEN_AT) <= labrig_drivers(&fake_config));
    REQUIRE(reply[4 + LABRIG_STATUS_REPLY_ARMED_AT] == 1 || u16(reply + 4 + LABRIG_STATUS_REPLY_DRIVEN_AT) == 0);
}

static bool is_refusal(const uint8_t *reply)
{
    return reply[1] == LABRIG_TYPE_NAK && reply[0] == LABRIG_NAK_REPLY_SIZE && reply[3] == LABRIG_STATUS_SEQUENCE
        && reply[4] == LABRIG_STATUS_SEQUENCE && reply[5] == model.expected && u32(reply + 6) == BOOT_COUNT;
}

/* The same answer again, or none where the board may have given it up. */
static void judge_again(const uint8_t *request, const uint8_t *reply)
{
    const struct reply *before = &model.replies[request[2]];
    unsigned newer = 0;
    for (uint8_t seq = (uint8_t)(request[2] + 1u); seq != model.expected; seq++) {
        newer += model.replies[seq].kept || model.replies[seq].displaced;
    }
    if (reply[1] == LABRIG_TYPE_NAK && reply[3] == LABRIG_STATUS_SEQUENCE) {
        REQUIRE(is_refusal(reply) && (before->kept || before->displaced) && newer >= LABRIG_CREDIT);
    } else if (reply[1] == before->body[1]) {
        REQUIRE(memcmp(reply, before->body, 6u + reply[0]) == 0);
    } else { /* another request under an old number: answered by its type and the old outcome */
        REQUIRE(reply[1] == (request[1] | LABRIG_REPLY_BIT) && reply[3] == before->body[3] && reply[0] == 0);
    }
}

static void remember(const uint8_t *request, const uint8_t *reply)
{
    struct reply *stored = &model.replies[request[2]];
    memcpy(stored->body, reply, 6u + reply[0]);
    stored->kept = reply[0] != 0;
    stored->displaced = reply[3] == LABRIG_STATUS_NOT_ARMED;
    model.expected++;
    model.answered += model.answered < OLDER;
}

static void judge(const uint8_t *request, const uint8_t *reply)
{
    const uint8_t behind = (uint8_t)(model.expected - request[2]);
    REQUIRE(reply[2] == request[2]);
    switch (request[1]) {
    case LABRIG_TYPE_HELLO:
        REQUIRE(reply[1] == (LABRIG_TYPE_HELLO | LABRIG_REPLY_BIT));
        judge_hello(request, reply);
        return;
    case LABRIG_TYPE_STATUS:
        REQUIRE(reply[1] == (LABRIG_TYPE_STATUS | LABRIG_REPLY_BIT));
        judge_status(request, reply);
        return;
    case LABRIG_TYPE_IDENTIFY:
        REQUIRE(reply[1] == (LABRIG_TYPE_IDENTIFY | LABRIG_REPLY_BIT));
        REQUIRE(reply[3] == (request[0] == 0 ? LABRIG_STATUS_OK : LABRIG_STATUS_LENGTH));
        return;
    default:
        break;
    }
    if (!model.open || behind > model.answered) {
        REQUIRE(is_refusal(reply));
    } else if (behind == 0) {
        judge_carried_out(request, reply);
        remember(request, reply);
    } else {
        judge_again(request, reply);
    }
}

static void reply_ended(void)
{
    uint8_t body[PLAIN_FRAME_MAX];
    const size_t size = plain_unstuff(model.reply, model.reply_count, body);
    REQUIRE(size != SIZE_MAX && plain_good(body, size));
    REQUIRE(model.waiting_count > 0); /* nothing is said unasked */
    judge(model.waiting[0].body, body);
    model.waiting_bytes -= model.waiting[0].encoded;
    model.waiting_count--;
    memmove(&model.waiting[0], &model.waiting[1], model.waiting_count * sizeof *model.waiting);
}

bool model_transmit(void)
{
    uint8_t byte;
    if (!labrig_transmit(&board, &byte)) {
        return false;
    }
    if (byte == 0) {
        reply_ended();
        model.reply_count = 0;
        (void)model_poll(); /* before the host can have sent more, the loop has come round */
    } else {
        REQUIRE(model.reply_count < sizeof model.reply - 1);
        model.reply[model.reply_count++] = byte;
    }
    return true;
}

/* --- What must always hold --- */

static void check_drivers(void)
{
    const uint16_t dac_top = (uint16_t)((1ul << fake_config.dac_bits) - 1u);
    for (uint16_t k = 0; k < FAKE_DRIVERS; k++) {
        const struct fake_driver *driver = &fake.drivers[k];
        const bool output = k >= fake_config.inputs && k < labrig_drivers(&fake_config);
        REQUIRE(driver->kind == FAKE_RELEASED || (board.armed && k < labrig_drivers(&fake_config)));
        REQUIRE(driver->code <= dac_top);
        REQUIRE(driver->kind != FAKE_THROUGH
                || (output && (fake_config.features & LABRIG_FEATURE_NUDGE_THROUGH) != 0
                    && driver->nanosiemens >= fake_config.through_min_ns
                    && driver->nanosiemens <= fake_config.through_max_ns));
        REQUIRE(driver->kind != FAKE_INJECTED || (output && (fake_config.features & LABRIG_FEATURE_INJECT) != 0));
    }
    REQUIRE(labrig_drivers_count(&board.drivers) == fake_driven());
}

static void check_wipers(void)
{
    for (size_t k = 0; k < LABRIG_MAX_BRANCHES; k++) {
        const bool there = k < fake_config.branches;
        REQUIRE(!there || legal_code(fake.wipers[k]));
        const uint16_t code = board.learn.loaded != 0 ? (uint8_t)board.image[k] : board.image[k]; /* else half a latent */
        REQUIRE(there ? code == fake.wipers[k] : board.image[k] == 0);
    }
    REQUIRE(memcmp(&fake.wipers[fake_config.branches], &model.image[fake_config.branches],
                   (FAKE_BRANCHES - fake_config.branches) * sizeof *fake.wipers)
            == 0);
    REQUIRE(memcmp(fake.readings, model.readings, sizeof fake.readings) == 0);
}

bool model_poll(void)
{
    if (model.waiting_count != 0) {
        model.busy_ms = fake.now_ms;
    }
    const bool learning = board.learn.busy;
    fake.now_ms += learning || board.pulses.verify.phase != LABRIG_VERIFY_IDLE ? MS_A_POLL : 0; /* else it would never end */
    const bool busy = labrig_poll(&board);
    if (learning && !board.learn.busy) {
        model.learning_ended = true;
        memcpy(model.codes_then, fake.wipers, sizeof fake.wipers);
    }
    if (labrig_inbox_oldest(&board.inbox) == NULL) {
        model.echo_bytes = 0;
    }
    check_drivers();
    check_wipers();
    REQUIRE(fake.loose_pulses == 0);
    return busy;
}

/* All that was sent has been answered. */
static void check_rest(void)
{
    REQUIRE(fake.pulses == model.pulses); /* a request that came again gave none */
    REQUIRE(model.waiting_count == 0 && model.reply_count == 0);
    REQUIRE(memcmp(fake.wipers, model.image, sizeof fake.wipers) == 0);
    REQUIRE(board.digest == image_digest(board.digested));
    REQUIRE(!board.armed || (model.armed && fake.now_ms - model.busy_ms < model.heartbeat_ms));
    for (size_t k = 0; board.heartbeat_expired == 0 && k < FAKE_DRIVERS; k++) {
        const struct fake_driver *driver = &fake.drivers[k], *expected = &model.imposed[k];
        REQUIRE(driver->kind == expected->kind && driver->nanosiemens == expected->nanosiemens
                && driver->picoamperes == expected->picoamperes);
        REQUIRE(model.nudged[k] || driver->code == expected->code);
    }
    REQUIRE(!model.open || board.session.expected == model.expected);
    REQUIRE(board.frames_good == model.good);
    REQUIRE((uint8_t)board.frames_bad == (uint8_t)model.bad);
    REQUIRE(model.wire_count != 0 || labrig_room(&board) == LABRIG_WINDOW);
}

static bool settles(void)
{
    return board.measure.phase == LABRIG_PHASE_SETTLE;
}

void model_rest(void)
{
    unsigned polls = 0;
    do {
        while (model_poll()) {
            REQUIRE(++polls <= POLLS_MAX);
            if (fake.settling && settles()) {
                return;
            }
        }
    } while (model_transmit());
    check_rest();
}

void model_line_lost(void)
{
    while (model_transmit()) {
    }
    const bool pulsing = board.pulses.left != 0 || board.pulses.verify.phase != LABRIG_VERIFY_IDLE;
    const bool carried_out = board.measure.phase != LABRIG_PHASE_IDLE || board.learn.busy || pulsing;
    const size_t kept = carried_out || board.asked.concluded ? 1 : 0;
    REQUIRE(model.waiting_count >= kept);
    labrig_line_lost(&board);
    REQUIRE(!labrig_cobs_busy(&board.sending));
    for (; model.waiting_count > kept; model.waiting_count--) {
        model.waiting_bytes -= model.waiting[model.waiting_count - 1].encoded;
        model.good--;
    }
    model.bad = board.frames_bad + (uint8_t)(board.inbox.damaged - board.damaged_seen); /* less echoes that are forgotten */
    model.echo_bytes = board.request != NULL && kept == 0 ? PLAIN_FRAME_MAX : 0; /* until the next poll */
    model.wire_count = 0;
    model.arrived = board.inbox.arrived;
}
