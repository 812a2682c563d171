/* Time: timer 0 interrupts once a millisecond, timer 1 counts 16 us steps. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "hardware.h"

#define STEPS_A_MS 250u

static volatile struct {
    uint32_t milliseconds;
    uint8_t wraps; /* cppcheck-suppress unusedStructMember ; the interrupt carries into it */
} count;
static uint16_t settle_begin, settle_steps;

/* Interruptible, as every handler but the receiver's: a byte is lost where it waits for longer than two. */
ISR(TIMER0_COMPA_vect, ISR_NAKED)
{
    __asm__ volatile("sei\n\t"
                     "push r24\n\t"
                     "in r24, %[sreg]\n\t"
                     "push r24\n\t"
                     "push r30\n\t"
                     "push r31\n\t"
                     "ldi r30, lo8(%[count])\n\t"
                     "ldi r31, hi8(%[count])\n"
                     "1:\tld r24, Z\n\t"
                     "inc r24\n\t"
                     "st Z+, r24\n\t"
                     "breq 1b\n\t" /* past the last byte once in 35 years */
                     "pop r31\n\t"
                     "pop r30\n\t"
                     "pop r24\n\t"
                     "out %[sreg], r24\n\t"
                     "pop r24\n\t"
                     "reti\n\t" ::[sreg] "I"(_SFR_IO_ADDR(SREG)), [count] "i"(&count));
}

void clock_begin(void)
{
    TCCR0A = 1u << WGM01; /* clear on compare match */
    OCR0A = STEPS_A_MS - 1u;
    TIMSK0 = 1u << OCIE0A;
    TCCR0B = 1u << CS01 | 1u << CS00; /* clock / 64 */
    TCCR1B = 1u << CS12;              /* clock / 256 */
}

uint32_t labrig_hal_milliseconds(void)
{
    uint32_t ms;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        ms = count.milliseconds;
    }
    return ms;
}

/* One step of 16 us more than asked for, because the present one has begun. */
void labrig_hal_settle(uint16_t steps)
{
    settle_begin = TCNT1;
    const uint16_t quarter = steps / 4u;
    settle_steps = steps == 0 ? 0 : (uint16_t)(steps - quarter - quarter / 2u + 1u); /* 10/16, rounded up */
}

bool labrig_hal_settled(void)
{
    return (uint16_t)(TCNT1 - settle_begin) >= settle_steps;
}
