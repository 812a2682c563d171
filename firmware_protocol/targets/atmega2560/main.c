/* labrig on an ATmega2560 at 16 MHz: USART0 to the host, everything else on SPI. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <stddef.h>

#include "board.h"
#include "hardware.h"
#include "hardware_layout.h"
#include "receive.h"
#include "update_layout.h"
#include "transmit.h"
#include "spi.h"

struct labrig_board board;

static void serial_begin(void)
{
    UCSR0A = 1u << U2X0;
    UBRR0 = hardware.parts.rate;
    UCSR0C = 1u << UCSZ01 | 1u << UCSZ00;
    UCSR0B = SERIAL_ON;
}

int main(void) __attribute__((OS_main));
int main(void)
{
    spi_begin();
    const uint32_t boot_count = nonvolatile_begin();
    switches_begin();
    clock_begin();
    sei();
#ifdef LABRIG_MEMRISTORS
    pulses_begin();
#else
    wipers_begin();
#endif
    adc_begin();
    monitor_begin();
    labrig_start(&board, &hardware.config, boot_count);
    receive_begin();
    serial_begin();
    SMCR = 1u << SE; /* sleep is idle: the clocks run on */
    wdt_enable(WDTO_500MS);
    for (;;) {
        wdt_reset();
        const bool busy = labrig_poll(&board);
        transmit_start();
        if (!busy) {
            cli();
            if (labrig_cobs_busy(&board.sending) || labrig_inbox_empty(&board.inbox)) {
                sei();
                sleep_cpu();
            }
            sei();
        }
    }
}
