/* From reset to main. What the C library's own start does not do: the vectors, and the initial values in RAM. */
#include <stdint.h>

#include "interrupts.h"

extern uint32_t __stack[], __data_start__[], __data_end__[], __data_source__[];

/* Of newlib: clears .bss, asks the debugger (semihosting) for the command line, calls main. */
_Noreturn void _mainCRTStartup(void);

static _Noreturn void reset(void)
{
    const uint32_t *from = __data_source__;
    for (uint32_t *to = __data_start__; to != __data_end__;) {
        *to++ = *from++;
    }
    _mainCRTStartup();
}

/* A fault: stand still, so that the host notices. */
static _Noreturn void stop(void)
{
    for (;;) {
    }
}

typedef void (*handler)(void);

/* Where the stack begins, the processor's own, and those of peripherals up to UART0. */
static const handler vectors[] __attribute__((section(".vectors"), used)) = {
    (handler)__stack, reset, stop, stop, stop, stop, stop, 0,    0,    0,
    0,                stop,  stop, 0,    stop, systick_interrupt,
    stop,             stop,  stop, stop, stop, uart0_interrupt,
};
