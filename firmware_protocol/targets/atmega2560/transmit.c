#include "transmit.h"

#include <avr/interrupt.h>

static struct labrig_cobs_encoder *sending;

void transmit_begin(struct labrig_cobs_encoder *encoder)
{
    sending = encoder;
}

void transmit_start(void)
{
    if (labrig_cobs_busy(sending)) {
        UCSR0B = SERIAL_ON | 1u << UDRIE0;
    }
}

/* It lasts as long as there is room for a byte, so it is switched off while the receive interrupt is let in. */
ISR(USART0_UDRE_vect)
{
    uint8_t byte;
    UCSR0B = SERIAL_ON;
    sei();
    if (labrig_cobs_next(sending, &byte)) {
        UDR0 = byte;
        cli();
        UCSR0B = SERIAL_ON | 1u << UDRIE0;
    }
}
