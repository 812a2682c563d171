/* Time: timer 0 counts 4 us steps and interrupts once a millisecond. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "hardware.h"

#define STEPS_A_MS 250u

static volatile uint32_t milliseconds;
static uint32_t settle_ms;
static uint8_t settle_step;

/* Interruptible, as every handler but the receiver's: a byte is lost where it waits for longer than two. */
ISR(TIMER0_COMPA_vect, ISR_NOBLOCK)
{
    milliseconds++;
}

void clock_begin(void)
{
    TCCR0A = 1u << WGM01; /* clear on compare match */
    OCR0A = STEPS_A_MS - 1u;
    TIMSK0 = 1u << OCIE0A;
    TCCR0B = 1u << CS01 | 1u << CS00; /* clock / 64 */
}

struct moment {
    uint32_t ms;
    uint8_t step;
};

static struct moment now(void)
{
    struct moment moment;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        moment.step = TCNT0;
        moment.ms = milliseconds;
        if ((TIFR0 & (1u << OCF0A)) != 0) { /* the millisecond ended before it was counted */
            moment.step = TCNT0;
            moment.ms++;
        }
    }
    return moment;
}

uint32_t labrig_hal_milliseconds(void)
{
    uint32_t ms;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        ms = milliseconds;
    }
    return ms;
}

/* One step of 4 us more than asked for, because the present one has begun. */
void labrig_hal_settle(uint16_t steps)
{
    const struct moment begin = now();
    const uint16_t rest = (uint16_t)(begin.step + (steps % 100u * 10u + 3u) / 4u + (steps != 0 ? 1u : 0u));
    settle_ms = begin.ms + steps / 100u + rest / STEPS_A_MS;
    settle_step = (uint8_t)(rest % STEPS_A_MS);
}

bool labrig_hal_settled(void)
{
    const struct moment moment = now();
    const int32_t past = (int32_t)(moment.ms - settle_ms);
    return past > 0 || (past == 0 && moment.step >= settle_step);
}
