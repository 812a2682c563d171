/* The receive interrupt of USART0. */
#ifndef AVR_RECEIVE_H
#define AVR_RECEIVE_H

#include "inbox.h"

/* Where the frames go; before the receiver is switched on. */
void receive_begin(struct labrig_inbox *inbox);

#endif
