/* Vectors as far as they are used, and what comes before main; in place of avr-libc's, which has all 57 of them. What comes
 * before main lies between them, where interrupts that are never enabled have theirs. Constants are program memory, so that
 * there is no .data to be copied. */
#include <avr/io.h>

    .section .vectors, "ax"
    .global __vectors, __do_clear_bss
__vectors:
    rjmp 1f
    .org 4
1:  clr r1
    out _SFR_IO_ADDR(EIND), r1
    out _SFR_IO_ADDR(RAMPZ), r1
    out _SFR_IO_ADDR(MCUSR), r1 /* after a watchdog reset the watchdog still runs, with its shortest time */
    wdr
    ldi r16, 1 << WDCE | 1 << WDE
    sts _SFR_MEM_ADDR(WDTCSR), r16
    sts _SFR_MEM_ADDR(WDTCSR), r1
    ldi r26, lo8(__bss_start)
    ldi r27, hi8(__bss_start)
    ldi r17, hi8(__bss_end)
    rjmp 3f
__do_clear_bss:
2:  st X+, r1
3:  cpi r26, lo8(__bss_end)
    cpc r27, r17
    brne 2b
    jmp main

    .org 4 * TIMER0_COMPA_vect_num
    jmp TIMER0_COMPA_vect
    .org 4 * USART0_RX_vect_num
    jmp USART0_RX_vect
    .org 4 * USART0_UDRE_vect_num
    jmp USART0_UDRE_vect
