/* labrig_update_all by hand: the core has the same in C. A latent that moves takes about 90 cycles, one that does not takes
 * 20, and one near the end of its code's part some hundreds more.
 *
 * void labrig_update_all(struct labrig_board *board);
 *
 * X, Y, Z      the branch's code, the upper half of its latent, the term of its output
 * r8 r9        the input's pull; r12 r13: its level; r10: 0; r11: branches left in this row
 * r14 r15      the law, but for its upper byte; r24 r25: what a latent is weighed with at code 0
 * r16 r17 r18  the latent; r19: its code
 * T: other than what mostly happens, a shift by 8 and codes of what has moved: see `seldom` */
#ifndef LABRIG_PORTABLE

#include <avr/io.h>

#include "hardware_layout.h"
#include "update_layout.h"

#define WIPERS 0 /* enable on port G */
#define UPDATE board + BOARD_UPDATE

    .lcomm outputs, 2 /* where their terms begin */

    .macro load low, high, at
    lds \low, \at
    lds \high, \at + 1
    .endm

    .macro address low, high, at
    ldi \low, lo8(\at)
    ldi \high, hi8(\at)
    .endm

    /* r20 r21: what a latent is weighed with at code r19 */
    .macro weight
    ldi r20, 128
    mul r19, r20
    movw r20, r0
    add r20, r24
    adc r21, r25
    .endm

    .macro add_product low, middle, high
    add \low, r0
    adc \middle, r1
    adc \high, r10
    .endm

    /* r19 r22 r23: upper half of the latent times the weight, over 2^8 */
    .macro weigh
    weight
    mul r18, r21
    movw r22, r0
    mul r17, r20
    mov r19, r1
    mul r17, r21
    add_product r19, r22, r23
    mul r18, r20
    add_product r19, r22, r23
    .endm

    .macro compare low, middle, high /* with the law */
    cp \low, r14
    cpc \middle, r15
    lds r0, UPDATE + UPDATE_LAW + 2
    cpc \high, r0
    .endm

    .section .text.update, "ax"
    .global labrig_update_all
labrig_update_all:
    address r26, r27, 0
    address r30, r31, gs(1f)
    jmp __prologue_saves__ + 12

1:  lds r18, hardware + HARDWARE_INPUTS
    lds r19, hardware + HARDWARE_OUTPUTS
    add r19, r18
    lds r14, UPDATE + UPDATE_RATE
    clr r10
    address r30, r31, board + BOARD_TERMS
term: /* labrig_update_prepare */
    ld r20, Z
    ldd r21, Z+1
    ldd r22, Z+2
    ldd r23, Z+3
    movw r24, r20
    add r24, r22
    adc r25, r23
    ror r25
    ror r24
    sub r20, r22
    sbc r21, r23
    brcs 1f
    brpl 2f
    ldi r20, 0xFF
    ldi r21, 0x7F
    rjmp 2f
1:  brmi 2f
    ldi r20, 0
    ldi r21, 0x80
2:  st Z+, r20
    st Z+, r21
    mul r24, r14
    mov r20, r1
    mul r25, r14
    add r20, r0
    mov r21, r1
    adc r21, r10
    st Z+, r20
    st Z+, r21
    dec r18
    brne 3f
    sts outputs, r30
    sts outputs + 1, r31
3:  dec r19
    brne term

    load r14, r15, UPDATE + UPDATE_LAW
    load r24, r25, UPDATE + UPDATE_OFFSET
    subi r24, lo8(-64)
    sbci r25, hi8(-64)
    lds r16, UPDATE + UPDATE_SHIFT
    lds r17, UPDATE + UPDATE_CONVERT
    subi r16, 8
    subi r17, UPDATE_CONVERT_MOVED
    or r16, r17
    clt
    breq 2f
    set
2:  address r26, r27, board + BOARD_IMAGE
    address r28, r29, board + BOARD_HIGH
    address r30, r31, board + BOARD_TERMS
row:
    lds r11, hardware + HARDWARE_OUTPUTS
    ld r8, Z+
    ld r9, Z+
    ld r12, Z+
    ld r13, Z+
    push r30
    push r31
    load r30, r31, outputs
    rjmp branch

still:
    brts 1f
    adiw r26, 2
    adiw r28, 2
    rjmp next
1:  clr r20
    clr r21
    movw r22, r20
other:
    rjmp seldom

beyond: /* 16 bits */
    ldi r16, 0xFF
    ldi r17, 0x7F
    brmi product
    com r16
    com r17
    rjmp product

branch:
    ld r16, Z+
    ld r17, Z+
    ld r18, Z+
    ld r19, Z+
    sub r16, r8
    sbc r17, r9
    breq still
    brvs beyond
product:
    sub r18, r12
    sbc r19, r13
    mul r16, r18
    movw r20, r0
    muls r17, r19
    movw r22, r0
    mulsu r17, r18
    sbc r23, r10
    add_product r21, r22, r23
    mulsu r19, r16
    sbc r23, r10
    add_product r21, r22, r23
    brts other
move:
    lsl r20 /* rounded */
    ld r19, X+
    ld r16, X
    ld r17, Y
    ldd r18, Y+1
    adc r16, r21
    adc r17, r22
    adc r18, r23
    tst r23
    brmi down
    brcs full
up: /* It keeps its code where it does not reach the one before, whatever its lowest byte. */
    lds r0, UPDATE + UPDATE_LOWEST
    cp r19, r0
    breq at_edge
    dec r19
    weigh
    sec
    adc r19, r21
    adc r22, r10
    adc r23, r10
    compare r19, r22, r23
    brcc near
store:
    st X+, r16
    st Y+, r17
    st Y+, r18
next:
    dec r11
    breq row_end
    rjmp branch

full:
    rcall fill
    rjmp up
at_edge:
    rjmp edge
near:
    rjmp walk

down: /* It keeps its code where it reaches it without its lowest byte. */
    brcc empty
less:
    lds r0, UPDATE + UPDATE_HIGHEST
    cp r19, r0
    breq at_edge
    weigh
    compare r19, r22, r23
    brcc store
    rjmp walk

row_end:
    pop r31
    pop r30
    load r22, r23, outputs
    cp r30, r22
    cpc r31, r23
    breq 1f
    rjmp row
1:  clr r1
    in r28, 0x3d
    in r29, 0x3e
    ldi r30, 12
    jmp __epilogue_restores__ + 12

empty:
    rcall fill
    rjmp less

fill: /* with the carry */
    sbc r16, r16
    mov r17, r16
    mov r18, r16
    ret

seldom:
    lds r16, UPDATE + UPDATE_SHIFT
    lds r17, UPDATE + UPDATE_CONVERT
    cpi r16, 8
    breq 1f
    mov r20, r21
    mov r21, r22
    mov r22, r23
    lsl r23
    sbc r23, r23
1:  cpi r17, UPDATE_CONVERT_MOVED
    brne 2f
    rjmp move
2:  lsl r20
    mov r20, r17
    ld r19, X+
    ld r16, X
    ld r17, Y
    ldd r18, Y+1
    adc r16, r21
    adc r17, r22
    adc r18, r23
    tst r23
    brmi 3f
    brcc 5f
    rjmp 4f
3:  brcs 5f
4:  rcall fill
5:  cpse r20, r10
    rjmp walk
    rjmp store

edge: /* The code stays; of the bounds one is looked at. */
    push r30
    push r31
    address r30, r31, UPDATE
    sbrs r23, 7
    rcall at_most
    sbrc r23, 7
    rcall at_least
    pop r31
    pop r30
    rjmp store

/* From the code to the one it has come to. Latent times weight less the law, r22 r23 r30 r31 r24, has reached a code once it
 * is not negative; from one code to the next it changes by the latent times 128, r0 r20 r21 r25. */
walk:
    ld r19, -X
    push r30
    push r31
    push r24
    push r25
    lds r20, UPDATE + UPDATE_LOWEST
    cp r19, r20
    brcc 1f
    mov r19, r20
1:  lds r20, UPDATE + UPDATE_HIGHEST
    cp r20, r19
    brcc 2f
    mov r19, r20
2:  weight
    mul r16, r20
    movw r22, r0
    mul r17, r21
    movw r30, r0
    mul r18, r21
    mov r24, r1
    add r31, r0
    adc r24, r10
    mul r16, r21
    add r23, r0
    adc r30, r1
    adc r31, r10
    adc r24, r10
    mul r17, r20
    add r23, r0
    adc r30, r1
    adc r31, r10
    adc r24, r10
    mul r18, r20
    add_product r30, r31, r24
    clr r0
    movw r20, r16
    mov r25, r18
    lsr r25
    ror r21
    ror r20
    ror r0
    sub r30, r14
    sbc r31, r15
    lds r1, UPDATE + UPDATE_LAW + 2
    sbc r24, r1
    brcc 4f
3:  lds r1, UPDATE + UPDATE_HIGHEST
    cp r19, r1
    breq found
    inc r19
    add r22, r0
    adc r23, r20
    adc r30, r21
    adc r31, r25
    adc r24, r10
    brcc 3b
    rjmp found
4:  lds r1, UPDATE + UPDATE_LOWEST
    cp r19, r1
    breq found
    dec r19
    sub r22, r0
    sbc r23, r20
    sbc r30, r21
    sbc r31, r25
    sbc r24, r10
    brcc 4b
    inc r19
found:
    address r30, r31, UPDATE
    ldd r20, Z+UPDATE_HIGHEST
    cpse r19, r20
    rjmp 1f
    rcall at_least
1:  ldd r20, Z+UPDATE_LOWEST
    cpse r19, r20
    rjmp 2f
    rcall at_most
2:  ld r20, X
    st X+, r19
    cpse r20, r19
    rcall send
    pop r25
    pop r24
    pop r31
    pop r30
    rjmp store

/* The latent is brought back to a bound, and counted. */
at_most:
    ldd r20, Z+UPDATE_CEILING
    ldd r21, Z+UPDATE_CEILING+1
    ldd r22, Z+UPDATE_CEILING+2
    cp r20, r16
    cpc r21, r17
    cpc r22, r18
    brcc 2f
    adiw r30, UPDATE_AT_CEILING - UPDATE_AT_FLOOR
    rjmp 1f
at_least:
    ldd r20, Z+UPDATE_FLOOR
    ldd r21, Z+UPDATE_FLOOR+1
    ldd r22, Z+UPDATE_FLOOR+2
    cp r16, r20
    cpc r17, r21
    cpc r18, r22
    brcc 2f
1:  movw r16, r20
    mov r18, r22
    ldd r20, Z+UPDATE_AT_FLOOR
    ldd r21, Z+UPDATE_AT_FLOOR+1
    subi r20, 0xFF
    sbci r21, 0xFF
    std Z+UPDATE_AT_FLOOR, r20
    std Z+UPDATE_AT_FLOOR+1, r21
2:  ret

/* Code r19 to the wiper of the branch whose code X points into. */
send:
    address r30, r31, board + BOARD_CODES_WRITTEN
    ldi r21, 4
    sec
1:  ld r20, Z
    adc r20, r10
    st Z+, r20
    dec r21
    brne 1b
    movw r22, r26
    subi r22, lo8(board + BOARD_IMAGE)
    sbci r23, hi8(board + BOARD_IMAGE)
    lsr r23
    ror r22
    call address_wiper
    out _SFR_IO_ADDR(PORTA), r22
    out _SFR_IO_ADDR(PORTC), r23
    cbi _SFR_IO_ADDR(PORTG), WIPERS
    out _SFR_IO_ADDR(SPDR), r31
    call shifted
    out _SFR_IO_ADDR(SPDR), r19
    call shifted
    sbi _SFR_IO_ADDR(PORTG), WIPERS
    ret

#endif
