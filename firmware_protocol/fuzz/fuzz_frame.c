/* The frame decoder and encoder against the plain ones. The input's first byte says what the rest is: bytes of the wire,
 * or a frame's type, number, flags and payload, damaged at one place on the wire or not. */
#include <string.h>

#include "frame.h"
#include "fuzz.h"
#include "inputs.h"
#include "plain.h"

/* Both decoders must take the same from each stretch that a zero ends. */
static unsigned decode(const uint8_t *wire, size_t count)
{
    uint8_t *body = malloc(LABRIG_BODY_MAX); /* of its own, so that ASan sees its end */
    uint8_t *plain = malloc(count + 1);
    struct labrig_receiver receiver;
    unsigned frames = 0;
    labrig_receiver_begin(&receiver, body);
    REQUIRE(labrig_receiver_idle(&receiver));
    for (size_t at = 0, begin = 0; at < count; at++) {
        const enum labrig_received received = labrig_receiver_byte(&receiver, wire[at]);
        if (wire[at] != 0) {
            REQUIRE(received == LABRIG_RECEIVED_NOTHING);
            REQUIRE(!labrig_receiver_idle(&receiver));
            continue;
        }
        const size_t size = plain_unstuff(wire + begin, at - begin, plain);
        const bool good = size != SIZE_MAX && plain_good(plain, size);
        const enum labrig_received expected = good ? LABRIG_RECEIVED_FRAME
            : at == begin                          ? LABRIG_RECEIVED_NOTHING
                                                   : LABRIG_RECEIVED_DAMAGED;
        REQUIRE(received == expected);
        REQUIRE(!good || (labrig_frame_size(body) == size && memcmp(body, plain, size) == 0));
        REQUIRE(labrig_receiver_idle(&receiver));
        frames += good;
        begin = at + 1;
    }
    free(plain);
    free(body);
    return frames;
}

/* Returns the size of the frame on the wire. */
static size_t encode(struct input *input, uint8_t *wire)
{
    uint8_t body[LABRIG_BODY_MAX], before[LABRIG_BODY_MAX], plain[PLAIN_FRAME_MAX];
    struct labrig_cobs_encoder encoder;
    const uint8_t *payload;
    size_t count = 0;
    const uint8_t type = input_byte(input), seq = input_byte(input), flags = input_byte(input);
    const uint8_t length = (uint8_t)input_bytes(input, LABRIG_MAX_PAYLOAD, &payload);
    memcpy(body + LABRIG_HEADER_SIZE, payload, length);
    const uint8_t size = labrig_frame_seal(body, length, type, seq, flags);
    REQUIRE(size == labrig_frame_size(body) && plain_good(body, size));
    memcpy(before, body, size);
    labrig_cobs_begin(&encoder, body, size);
    REQUIRE(labrig_cobs_busy(&encoder));
    while (labrig_cobs_next(&encoder, &wire[count])) {
        REQUIRE(++count <= PLAIN_FRAME_MAX);
    }
    REQUIRE(!labrig_cobs_busy(&encoder) && memcmp(before, body, size) == 0);
    REQUIRE(plain_encode(type, seq, flags, payload, length, plain) == count && memcmp(plain, wire, count) == 0);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, data + size};
    uint8_t wire[PLAIN_FRAME_MAX + 1];
    const enum what what = input_byte(&input) % WHATS;
    if (what == WIRE) {
        (void)decode(input.at, (size_t)(input.end - input.at));
        return 0;
    }
    const uint8_t place = what == DAMAGED_FRAME ? input_byte(&input) : 0;
    const uint8_t turned = what == DAMAGED_FRAME ? input_byte(&input) : 0;
    const size_t count = encode(&input, wire);
    REQUIRE(decode(wire, count) == 1);
    if (turned != 0) {
        wire[place % count] ^= turned;
        (void)decode(wire, count);
    }
    return 0;
}
