/* Makes inputs of the golden vectors, for a fuzzer to begin with: seeds vectors.txt FOLDER. Of each frame one for
 * fuzz_frame, of each dialogue one for fuzz_board, and of each of its requests one, to an armed board. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "inputs.h"
#include "labrig_protocol.h"
#include "plain.h"

#define LINE_MAX_BYTES 16384
#define WORDS 6

struct bytes {
    size_t count;
    uint8_t at[2 * LINE_MAX_BYTES];
};

static const char *folder;
static struct bytes dialogue;
static uint8_t board_of_dialogue, due;

static void put(struct bytes *bytes, uint8_t byte)
{
    if (bytes->count < sizeof bytes->at) {
        bytes->at[bytes->count++] = byte;
    }
}

static void put_all(struct bytes *bytes, const uint8_t *more, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        put(bytes, more[k]);
    }
}

static void put_hex(struct bytes *bytes, const char *text)
{
    for (unsigned value; sscanf(text, "%2x", &value) == 1; text += 2) {
        put(bytes, (uint8_t)value);
    }
}

static void save(const char *target, const struct bytes *input)
{
    static unsigned number;
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s/%03u", folder, target, number++);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(input->at, 1, input->count, file) != input->count || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void seed_wire(const char *encoded)
{
    static struct bytes input;
    input.count = 0;
    put(&input, WIRE);
    put_hex(&input, encoded);
    save("frame", &input);
}

static void seed_frame(char **words)
{
    static struct bytes input;
    input.count = 0;
    put(&input, FRAME);
    for (int k = 1; k <= 3; k++) {
        put(&input, (uint8_t)strtoul(words[k], NULL, 10));
    }
    put_hex(&input, words[4]);
    save("frame", &input);
    seed_wire(words[5]);
}

/* A request of a good body, whose number is `seq` after the due one. */
static void put_request(struct bytes *input, const uint8_t *body, uint8_t seq)
{
    put(input, REQUEST);
    put(input, body[1]);
    put(input, seq);
    put(input, body[0]);
    put_all(input, body + 4, body[0]);
    put(input, REST);
}

static void seed_request(const uint8_t *body)
{
    static const uint8_t to_armed[] = {GREET, 0, REST, REQUEST, LABRIG_TYPE_ARM, 0, 2, 0xE8, 0x03, REST};
    static struct bytes input;
    input.count = 0;
    put(&input, board_of_dialogue);
    put_all(&input, to_armed, sizeof to_armed);
    put_request(&input, body, 0);
    save("board", &input);
}

static void end_dialogue(void)
{
    if (dialogue.count != 0) {
        save("board", &dialogue);
    }
    dialogue.count = 0;
}

static void begin_dialogue(const char *circuit)
{
    end_dialogue();
    board_of_dialogue = strcmp(circuit, "divider.circuit") == 0 ? DIVIDER : GRAPH;
    if (strcmp(circuit, "memristors.circuit") == 0) {
        board_of_dialogue = PULSES;
    }
    due = 0;
    put(&dialogue, board_of_dialogue);
}

static void add_turn(const char *encoded)
{
    static struct bytes wire;
    uint8_t body[LINE_MAX_BYTES];
    wire.count = 0;
    put_hex(&wire, encoded);
    const size_t size = plain_unstuff(wire.at, wire.count - 1, body);
    if (size == SIZE_MAX || !plain_good(body, size)) {
        put(&dialogue, NOISE);
        put(&dialogue, (uint8_t)wire.count);
        put_all(&dialogue, wire.at, (uint8_t)wire.count);
        return;
    }
    if (body[1] == LABRIG_TYPE_HELLO) {
        put(&dialogue, GREET);
        put(&dialogue, body[2]);
        put(&dialogue, REST);
        due = (uint8_t)(body[2] + 1u);
        return;
    }
    put_request(&dialogue, body, (uint8_t)(body[2] - due));
    due = (uint8_t)(due + (body[2] == due && body[1] != LABRIG_TYPE_STATUS && body[1] != LABRIG_TYPE_IDENTIFY));
    seed_request(body);
}

static void make_folder(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)mkdir(path, 0777);
}

int main(int count, char **arguments)
{
    static char text[LINE_MAX_BYTES];
    FILE *file = count == 3 ? fopen(arguments[1], "r") : NULL;
    if (file == NULL) {
        fputs("seeds vectors.txt FOLDER\n", stderr);
        return 1;
    }
    folder = arguments[2];
    (void)mkdir(folder, 0777);
    make_folder("frame");
    make_folder("board");
    while (fgets(text, sizeof text, file) != NULL) {
        char *words[WORDS] = {NULL}, *rest;
        int found = 0;
        for (char *word = strtok_r(text, " \n", &rest); word != NULL && found < WORDS; word = strtok_r(NULL, " \n", &rest)) {
            words[found++] = word;
        }
        const char *kind = found > 0 ? words[0] : "";
        if (strcmp(kind, "frame") == 0 && found == 6) {
            seed_frame(words);
        } else if (strcmp(kind, "damaged") == 0 && found == 2) {
            seed_wire(words[1]);
        } else if (strcmp(kind, "dialogue") == 0 && found == 3) {
            begin_dialogue(words[2]);
        } else if (strcmp(kind, "turn") == 0 && found == 3) {
            add_turn(words[1]);
        }
    }
    end_dialogue();
    fclose(file);
    return 0;
}
