/* The transmit interrupt of USART0. */
#ifndef AVR_TRANSMIT_H
#define AVR_TRANSMIT_H

#include <avr/io.h>

#define SERIAL_ON (1u << RXCIE0 | 1u << RXEN0 | 1u << TXEN0)

/* Send what there is; does nothing while it is being sent. */
void transmit_start(void);

#endif
