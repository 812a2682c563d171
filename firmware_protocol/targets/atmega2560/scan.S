/* Conversions of an ADS8688 as fast as SPI shifts them at 8 MHz; adc.c has the same in C.
 *
 * void scan_ads8688(labrig_line first, labrig_line count, uint8_t *codes, uint8_t apart);
 *
 * Of the 32 bits of a frame the first 16 choose the input that the next one brings, and the last 16 are what the one
 * before has chosen. SPDR is written and read at least 17 cycles after it was written last.
 *
 * r24 channel; r22 channels left; X: codes, r23 + 1 apart; Z: which input each chip has chosen; r18 chip; r19 its input;
 * r20 the next */
#ifndef LABRIG_PORTABLE

#include <avr/io.h>

#define CONVERTERS 3 /* enable on port G */
#define MANUAL 0xC0 /* and four for each input */

    .section .text.scan, "ax"
    .global scan_ads8688
scan_ads8688:
    movw r26, r20
    mov r23, r18
    dec r23
    rjmp 3f
1:  mov r18, r24
    lsr r18
    lsr r18
    lsr r18
    mov r30, r18
    ldi r31, 0
    subi r30, lo8(-(adc_chosen))
    sbci r31, hi8(-(adc_chosen))
    mov r20, r24
    andi r20, 7
    ld r19, Z
    cpse r19, r20
    rcall frame
    inc r20
    andi r20, 7
    st Z, r20
    rcall frame
    st X+, r19
    st X, r21
    add r26, r23
    adc r27, r1
    inc r24
3:  subi r22, 1
    brcc 1b
    ret

/* Choose input r20 of chip r18; r21 r19: what the frame brings, high and low byte. */
frame:
    out _SFR_IO_ADDR(PORTA), r18
    out _SFR_IO_ADDR(PORTC), r1
    cbi _SFR_IO_ADDR(PORTG), CONVERTERS
    mov r19, r20
    lsl r19
    lsl r19
    subi r19, -MANUAL
    out _SFR_IO_ADDR(SPDR), r19
    rcall shifted
    out _SFR_IO_ADDR(SPDR), r1
    rcall shifted
    out _SFR_IO_ADDR(SPDR), r1
    rcall shifted
    in r21, _SFR_IO_ADDR(SPDR)
    out _SFR_IO_ADDR(SPDR), r1
    rcall shifted
    in r19, _SFR_IO_ADDR(SPDR)
    sbi _SFR_IO_ADDR(PORTG), CONVERTERS
    ret

    .global shifted
shifted: /* 17 cycles, call and return included */
    rjmp .
    rjmp .
    rjmp .
    rjmp .
    ret

#endif
