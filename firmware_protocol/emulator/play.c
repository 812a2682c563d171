/* Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#include "play.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEQ_AT 2u
#define LONGEST_LINE 1024

enum action { FRAME, WAIT, MARK };

struct play_line {
    enum action action;
    unsigned number;     /* of WAIT; for FRAME the size */
    uint8_t bytes[256];
};

static _Noreturn void fail(const char *path, unsigned line, const char *what)
{
    fprintf(stderr, "%s:%u: %s\n", path, line, what);
    exit(2);
}

static void *grow(void *memory, size_t count, size_t size)
{
    void *grown = realloc(memory, count * size);
    if (grown == NULL) {
        fputs("no memory\n", stderr);
        exit(1);
    }
    return grown;
}

static bool read_hex(const char *text, struct play_line *line)
{
    unsigned byte;
    int used;
    for (line->number = 0; sscanf(text, " %2x%n", &byte, &used) == 1; text += used) {
        if (line->number == sizeof line->bytes) {
            return false;
        }
        line->bytes[line->number++] = (uint8_t)byte;
    }
    return line->number > 0 && strspn(text, " \n") == strlen(text);
}

static void read_line(struct play *play, const char *path, unsigned number, const char *text)
{
    struct play_line line = {0};
    if (sscanf(text, "window %lu", &play->window) == 1) {
        return;
    }
    if (strncmp(text, "frame ", 6) == 0 && read_hex(text + 6, &line)) {
        line.action = FRAME;
    } else if (sscanf(text, "wait %u", &line.number) == 1) {
        line.action = WAIT;
    } else if (strncmp(text, "mark", 4) == 0) {
        line.action = MARK;
    } else {
        fail(path, number, "is none of: window BYTES, frame HEX, wait N, mark");
    }
    play->lines = grow(play->lines, play->count + 1u, sizeof *play->lines);
    play->lines[play->count++] = line;
}

void play_load(struct play *play, const char *path)
{
    char text[LONGEST_LINE];
    unsigned number = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail(path, 0, strerror(errno));
    }
    while (fgets(text, sizeof text, file) != NULL) {
        read_line(play, path, ++number, text);
    }
    fclose(file);
    play->replies_file = open_memstream(&play->replies, &play->replies_size);
}

static void mark(struct play *play, const struct usart *usart, const struct bench *bench)
{
    play->marks = grow(play->marks, play->marked + 1u, sizeof *play->marks);
    play->marks[play->marked++] = (struct play_mark){usart->avr->cycle, bench->wiper_cycle, usart->bytes_down};
}

bool play_go_on(struct play *play, struct usart *usart, const struct bench *bench)
{
    for (; play->next < play->count; play->next++) {
        const struct play_line *line = &play->lines[play->next];
        switch (line->action) {
        case FRAME:
            if (play->on_their_way != 0 && play->on_their_way + line->number > play->window) {
                return false;
            }
            usart_feed(usart, line->bytes, line->number);
            play->on_their_way += line->number;
            play->frames_sent++;
            break;
        case WAIT:
            if (play->frames_answered <= line->number) {
                return false;
            }
            break;
        case MARK:
            mark(play, usart, bench);
            break;
        }
    }
    return true;
}

/* The byte of a decoded body at a place within its first few; consistent overhead byte stuffing. */
static uint8_t decoded(const uint8_t *encoded, unsigned place)
{
    unsigned zero = encoded[0]; /* where the next zero, or the end, stands */
    for (unsigned at = 1; at < place + 1u; at++) {
        zero += at == zero ? encoded[at] : 0;
    }
    return place + 1u == zero ? 0 : encoded[place + 1u];
}

static const struct play_line *find_frame(const struct play *play, unsigned number)
{
    const struct play_line *line = play->lines;
    for (;; line++) {
        if (line->action == FRAME && number-- == 0) {
            return line;
        }
    }
}

static void answered(struct play *play, uint8_t seq)
{
    for (unsigned k = play->frames_answered; k < play->frames_sent; k++) {
        if (decoded(find_frame(play, k)->bytes, SEQ_AT) == seq) {
            for (; play->frames_answered <= k; play->frames_answered++) {
                play->on_their_way -= find_frame(play, play->frames_answered)->number;
            }
            return;
        }
    }
}

bool play_byte(struct play *play, uint8_t byte)
{
    if (byte != 0) {
        if (play->reply_size < sizeof play->reply) {
            play->reply[play->reply_size++] = byte;
        }
        return false;
    }
    for (unsigned k = 0; k < play->reply_size; k++) {
        fprintf(play->replies_file, "%02x", play->reply[k]);
    }
    fputc('\n', play->replies_file);
    if (play->reply_size > SEQ_AT) {
        answered(play, decoded(play->reply, SEQ_AT));
    }
    play->reply_size = 0;
    return true;
}

void play_report(struct play *play, FILE *file)
{
    fputs(", \"marks\": [", file);
    for (unsigned k = 0; k < play->marked; k++) {
        const struct play_mark *marked = &play->marks[k];
        fprintf(file, "%s{\"cycle\": %llu, \"wiper_cycle\": %llu, \"bytes_down\": %lu}", k > 0 ? ", " : "",
                (unsigned long long)marked->cycle, (unsigned long long)marked->wiper_cycle, marked->bytes_down);
    }
    fputs("], \"replies\": [", file);
    fclose(play->replies_file);
    const char *separator = "";
    for (char *reply = strtok(play->replies, "\n"); reply != NULL; reply = strtok(NULL, "\n")) {
        fprintf(file, "%s\"%s\"", separator, reply);
        separator = ", ";
    }
    fputs("]", file);
}
