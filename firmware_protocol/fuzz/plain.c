#include "plain.h"

#include <string.h>

uint16_t plain_crc16(const uint8_t *bytes, size_t count)
{
    unsigned crc = 0xFFFF;
    for (size_t k = 0; k < 8 * count; k++) {
        const unsigned bit = (unsigned)bytes[k / 8] >> (7 - k % 8) & 1u;
        crc = (crc << 1 & 0xFFFF) ^ ((crc >> 15 ^ bit) != 0 ? 0x1021 : 0);
    }
    return (uint16_t)(crc ^ 0xFFFF);
}

size_t plain_unstuff(const uint8_t *encoded, size_t count, uint8_t *out)
{
    size_t size = 0;
    for (size_t at = 0; at < count;) {
        const uint8_t code = encoded[at];
        if (code == 0 || at + code > count) {
            return SIZE_MAX;
        }
        memcpy(out + size, encoded + at + 1, code - 1u);
        size += code - 1u;
        at += code;
        if (code != 255 && at != count) {
            out[size++] = 0;
        }
    }
    return size;
}

bool plain_good(const uint8_t *body, size_t count)
{
    return count >= 6 && count <= 238 && count == body[0] + 6u
        && plain_crc16(body, count - 2) == ((unsigned)body[count - 2] << 8 | body[count - 1]);
}

size_t plain_encode(uint8_t type, uint8_t seq, uint8_t flags, const uint8_t *payload, uint8_t length, uint8_t *out)
{
    uint8_t body[PLAIN_FRAME_MAX] = {length, type, seq, flags};
    size_t count = 4, code_at = 0, size = 1;
    if (length != 0) {
        memcpy(body + 4, payload, length);
    }
    count += length;
    const uint16_t crc = plain_crc16(body, count);
    body[count++] = (uint8_t)(crc >> 8);
    body[count++] = (uint8_t)crc;
    for (size_t k = 0; k < count; k++) {
        if (body[k] == 0) {
            out[code_at] = (uint8_t)(size - code_at);
            code_at = size++;
        } else {
            out[size++] = body[k];
        }
    }
    out[code_at] = (uint8_t)(size - code_at);
    out[size++] = 0;
    return size;
}

uint32_t plain_bits(const uint8_t *packed, size_t first, unsigned width)
{
    uint32_t value = 0;
    for (unsigned k = 0; k < width; k++) {
        const size_t bit = first + k;
        value |= ((uint32_t)packed[bit / 8] >> bit % 8 & 1u) << k;
    }
    return value;
}
