/* The receive interrupt of USART0. */
#ifndef AVR_RECEIVE_H
#define AVR_RECEIVE_H

/* Before the receiver is switched on. */
void receive_begin(void);

#endif
