/* How the bytes of an input are read: which values choose what. Append only, or the corpus means something else. */
#ifndef INPUTS_H
#define INPUTS_H

/* First byte of an input of fuzz_frame: WIRE bytes ..., FRAME type seq flags payload ..., DAMAGED_FRAME place bits and
 * the same. */
enum what { WIRE, FRAME, DAMAGED_FRAME, WHATS };

/* First byte of an input of fuzz_board: the board, and BOARDS times what its converters read. From LEARNS on it is the
 * board that learns, but for PULSES ... PULSES_END - 1: the one that gives pulses. */
enum { DIVIDER, GRAPH, COARSE, WIDE, BOARDS };
#define LEARNS 128u
#define PULSES 192u
#define PULSES_END 224u

/* Then steps: REQUEST type seq length payload (seq: from the one that is due), GREET seq, DAMAGED place bits and a
 * request, NOISE length bytes, WORK polls, ANSWER bytes, REST, WAIT milliseconds / 8, SETTLING (takes for ever, or no
 * longer), CUT (the line). */
enum step { REQUEST, GREET, DAMAGED, NOISE, WORK, ANSWER, REST, WAIT, SETTLING, CUT, STEPS };

#endif
