/* What fuzz targets share: their entry, what must hold, and the bytes of an input. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Called by libFuzzer, or by replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A crash is what a fuzzer looks for. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s: does not hold: %s\n", __FILE__, __LINE__, __func__, #condition);               \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

struct input {
    const uint8_t *at, *end;
};

/* Zeros once it has ended. */
static inline uint8_t input_byte(struct input *input)
{
    return input->at != input->end ? *input->at++ : 0;
}

/* The next `count` bytes, or as many as there are. */
static inline size_t input_bytes(struct input *input, size_t count, const uint8_t **bytes)
{
    const size_t left = (size_t)(input->end - input->at);
    const size_t taken = count < left ? count : left;
    *bytes = input->at;
    input->at += taken;
    return taken;
}

#endif
