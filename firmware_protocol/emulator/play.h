/* A host without delay: it plays a script of frames, so that what is measured is the board and the wire alone.
 *
 * The script is text, a line each: `window BYTES` (encoded bytes that may be on their way), `frame HEX` (encoded),
 * `wait N` (until frame N, counted from 0, is answered), `mark` (note the time). A reply answers all earlier frames.
 * Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#ifndef EMULATOR_PLAY_H
#define EMULATOR_PLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench.h"
#include "usart.h"

struct play_line;

struct play_mark {
    uint64_t cycle, wiper_cycle; /* now, and when a wiper was last written */
    unsigned long bytes_down;
};

struct play {
    struct play_line *lines;
    unsigned count, next;
    unsigned frames_sent, frames_answered;
    unsigned long window, on_their_way;
    struct play_mark *marks;
    unsigned marked;
    uint8_t reply[256];
    unsigned reply_size;
    char *replies; /* hex, a line each */
    size_t replies_size;
    FILE *replies_file;
};

/* Exits with a line on stderr where the script cannot be read. */
void play_load(struct play *play, const char *path);

/* Go on as far as the script allows. Returns whether it is at its end. */
bool play_go_on(struct play *play, struct usart *usart, const struct bench *bench);

/* A byte came from the board. Returns whether a reply is complete. */
bool play_byte(struct play *play, uint8_t byte);

/* Write marks and replies as JSON members. */
void play_report(struct play *play, FILE *file);

#endif
