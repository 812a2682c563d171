/* What a host knows of the fake board from the bytes that went to it and came from it, by PROTOCOL.md: whether each reply
 * is what its request must be answered, and what must hold whatever was sent. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

/* The fake board has been switched on. */
void model_begin(void);

/* Give the board a byte, and see what it makes of it. */
void model_receive(uint8_t byte);

/* Let it work a bit; false: there is nothing to do. */
bool model_poll(void);

/* Take a byte of a reply, if there is one, and judge the reply that it ends. */
bool model_transmit(void);

/* Cut the line. */
void model_line_lost(void);

/* Let it work and answer until there is nothing to do, or it settles for ever. */
void model_rest(void);

/* The number of the next request. */
uint8_t model_next_seq(void);

#endif
