/* Listens, and hangs with the watchdog running. */
#include <avr/io.h>
#include <avr/wdt.h>

int main(void)
{
    UCSR0B = 1u << RXEN0;
    wdt_enable(WDTO_15MS);
    for (;;) {
    }
}
