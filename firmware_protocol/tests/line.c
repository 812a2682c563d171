#include "line.h"

enum damage { TURNED, TURNED_TOO, LOST, DOUBLED, STRAY, STRAY_ZERO, DAMAGES };

uint32_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static size_t damage(struct line *line, uint8_t byte, uint8_t *out)
{
    line->damaged++;
    switch ((enum damage)random_below(&line->random, DAMAGES)) {
    case LOST:
        return 0;
    case DOUBLED:
        out[0] = out[1] = byte;
        return 2;
    case STRAY:
        out[0] = (uint8_t)random_next(&line->random);
        out[1] = byte;
        return 2;
    case STRAY_ZERO:
        out[0] = 0;
        out[1] = byte;
        return 2;
    default:
        out[0] = (uint8_t)(byte ^ 1u << random_below(&line->random, 8));
        return 1;
    }
}

size_t line_carry(struct line *line, const uint8_t *in, size_t count, uint8_t *out)
{
    size_t came = 0;
    line->carried += count;
    for (size_t k = 0; k < count; k++) {
        if (random_below(&line->random, 1000000) < line->damaged_in_a_million) {
            came += damage(line, in[k], out + came);
        } else {
            out[came++] = in[k];
        }
    }
    return came;
}
