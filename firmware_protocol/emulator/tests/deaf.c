/* Listens and never reads: the third byte finds the receive buffer full. */
#include <avr/io.h>

int main(void)
{
    UCSR0A = 1u << U2X0;
    UBRR0 = 1;
    UCSR0B = 1u << RXEN0;
    for (;;) {
    }
}
