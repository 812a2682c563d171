/* USART0 of an ATmega2560 with exact timing: ten bits a byte, a receive buffer of two, a double-buffered transmitter.
 * Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#ifndef EMULATOR_USART_H
#define EMULATOR_USART_H

#include <simavr/sim_avr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mishaps.h"

#define USART_LINE 8192u

struct usart {
    avr_t *avr;
    double host_byte; /* cycles of a byte that the host sends */
    void (*sent)(void *context, uint8_t byte);
    void *context;

    uint8_t line[USART_LINE]; /* bytes on their way to the board, a ring */
    size_t first, count;
    double line_free; /* cycle at which the byte before has passed */

    uint8_t received[2], control, status_written;
    unsigned waiting;
    bool overrun;

    uint8_t next, shifting;
    bool next_full, busy;

    struct mishaps *mishaps;
    avr_cycle_count_t heard_cycle; /* when a byte last came */
    unsigned long bytes_down, bytes_up, overruns, mishap_overruns;
    avr_int_vector_t *receive_vector, *empty_vector, *complete_vector;
};

/* Take the registers of USART0 over. */
void usart_attach(struct usart *usart, avr_t *avr, double host_baud);
void usart_reset(struct usart *usart);

/* Bytes that the line takes now; put bytes on it. */
size_t usart_room(const struct usart *usart);
void usart_feed(struct usart *usart, const uint8_t *bytes, size_t count);

/* Whether anything is on its way in either direction. */
bool usart_active(const struct usart *usart);

/* Whether the firmware listens. */
bool usart_listening(const struct usart *usart);

#endif
