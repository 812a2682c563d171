/* Writes SPDR 16 cycles after SPDR, which is one cycle too early at 8 MHz, then 18 cycles after; clocks a DAC in the
 * wrong mode; lets go of a chip within a byte; selects one that is not there. Then it listens. */
#include <avr/io.h>
#include <util/delay_basic.h>

#define WAIT(cycles) __builtin_avr_delay_cycles(cycles)

int main(void)
{
    PORTG = 0x0F;
    DDRG = 0x0F;
    DDRA = 0xFF;
    DDRC = 0x07;
    DDRB = 0x07;
    SPCR = 1u << SPE | 1u << MSTR;
    SPSR = 1u << SPI2X;
    PORTG = 0x0D; /* the DACs */
    SPDR = 0;
    WAIT(15);
    SPDR = 0; /* collides */
    WAIT(40);
    SPDR = 0;
    WAIT(17);
    SPDR = 0; /* does not */
    WAIT(4);
    PORTG = 0x0F; /* too early */
    WAIT(40);
    PORTA = 0xFF;
    PORTG = 0x0E; /* no such wiper */
    PORTG = 0x0F;
    UCSR0B = 1u << RXEN0;
    for (;;) {
    }
}
