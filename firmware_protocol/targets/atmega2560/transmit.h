/* The transmit interrupt of USART0. */
#ifndef AVR_TRANSMIT_H
#define AVR_TRANSMIT_H

#include <avr/io.h>

#include "cobs.h"

#define SERIAL_ON (1u << RXCIE0 | 1u << RXEN0 | 1u << TXEN0)

/* Where the bytes come from. */
void transmit_begin(struct labrig_cobs_encoder *encoder);

/* Send what there is; does nothing while it is being sent. */
void transmit_start(void);

#endif
