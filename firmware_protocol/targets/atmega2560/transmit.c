/* The transmit interrupt. It takes a byte of a reply in 47 cycles, entry and return included; the first and the last
 * byte go through C. As in labrig_cobs_next, codes stand in place of zeros while a reply leaves. */
#include "transmit.h"

#include <avr/interrupt.h>

#include "hardware.h"

void transmit_start(void)
{
    if (board.sending.phase == LABRIG_COBS_FIRST) {
        UCSR0B = SERIAL_ON | 1u << UDRIE0;
    }
}

#ifdef LABRIG_PORTABLE

/* It lasts as long as there is room for a byte, so it is switched off while the receive interrupt is let in. */
ISR(USART0_UDRE_vect)
{
    uint8_t byte;
    UCSR0B = SERIAL_ON;
    sei();
    if (labrig_cobs_next(&board.sending, &byte)) {
        UDR0 = byte;
        cli();
        UCSR0B = SERIAL_ON | 1u << UDRIE0;
    }
}

#else

static uint8_t *volatile next __attribute__((used));
static uint8_t *volatile end __attribute__((used)); /* fewer than 256 bytes behind `next`: its low byte tells */

static void restore_zeros(void)
{
    uint8_t *at = board.sending.data - 1;
    uint8_t *const behind = board.sending.data + board.sending.count;
    for (uint8_t code = board.sending.code; code < behind - at;) {
        at += code;
        code = *at;
        *at = 0;
    }
}

/* Called by the interrupt, which keeps all registers and has switched itself off: before the first byte of the data, and
 * behind the last. */
void transmit_edge(void) __attribute__((used));
void transmit_edge(void)
{
    sei();
    if (board.sending.phase == LABRIG_COBS_FIRST) {
        UDR0 = board.sending.code;
        next = board.sending.data;
        end = board.sending.data + board.sending.count;
        board.sending.phase = LABRIG_COBS_DATA;
        cli();
        UCSR0B = SERIAL_ON | 1u << UDRIE0;
    } else {
        UDR0 = 0;
        restore_zeros();
        board.sending.phase = LABRIG_COBS_DONE;
    }
}

ISR(USART0_UDRE_vect, ISR_NAKED)
{
    __asm__ volatile(
        "push r30\n\t"
        "push r31\n\t"
        "in r30, %[sreg]\n\t"
        "push r30\n\t"
        "push r24\n\t"
        "lds r30, %[next]\n\t"
        "lds r31, %[next]+1\n\t"
        "lds r24, %[end]\n\t"
        "cp r30, r24\n\t"
        "breq 2f\n\t"
        "ld r24, Z+\n\t"
        "sts %[data], r24\n\t"
        "sts %[next], r30\n\t"
        "sts %[next]+1, r31\n"
        "1:\tpop r24\n\t"
        "pop r30\n\t"
        "out %[sreg], r30\n\t"
        "pop r31\n\t"
        "pop r30\n\t"
        "reti\n"
        "2:\tldi r24, %[off]\n\t"
        "sts %[control], r24\n\t"
        "push r0\n\t"
        "push r1\n\t"
        "clr r1\n\t"
        "push r18\n\t"
        "push r19\n\t"
        "push r20\n\t"
        "push r21\n\t"
        "push r22\n\t"
        "push r23\n\t"
        "push r25\n\t"
        "push r26\n\t"
        "push r27\n\t"
        "call transmit_edge\n\t"
        "cli\n\t"
        "pop r27\n\t"
        "pop r26\n\t"
        "pop r25\n\t"
        "pop r23\n\t"
        "pop r22\n\t"
        "pop r21\n\t"
        "pop r20\n\t"
        "pop r19\n\t"
        "pop r18\n\t"
        "pop r1\n\t"
        "pop r0\n\t"
        "rjmp 1b\n\t" ::[sreg] "I"(_SFR_IO_ADDR(SREG)),
        [next] "i"(&next), [end] "i"(&end), [data] "i"(_SFR_MEM_ADDR(UDR0)), [control] "i"(_SFR_MEM_ADDR(UCSR0B)),
        [off] "M"(SERIAL_ON));
}

#endif
