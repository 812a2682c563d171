/* labrig_row_update by hand: the core has the same in C. A latent that moves and is converted takes about 230 cycles, one
 * that stays where it is half as many.
 *
 * r26 r27 X    the code of the branch, and its latent's lowest byte
 * r28 r29 Y    the row
 * r8 r9        the input's free reading; r10: 0; r11: branches left
 * r12          the rate; r14 r15: the output's readings; r16 r17: the latent's upper bytes
 * r18 r19 r20  the latent; r23: its code; T: it has become less */
#ifndef LABRIG_PORTABLE

#include "row_layout.h"

    .macro ldd2 low, high, at
    ldd \low, Y+\at
    ldd \high, Y+\at+1
    .endm

    .macro std2 at, low, high
    std Y+\at, \low
    std Y+\at+1, \high
    .endm

    .macro negate low, high
    com \high
    neg \low
    sbci \high, 0xFF
    .endm

    .macro load_latent
    movw r30, r16
    adiw r26, 1
    ld r18, X
    ld r19, Z
    ldd r20, Z+1
    .endm

    .macro count at
    ldd2 r24, r25, \at
    adiw r24, 1
    std2 \at, r24, r25
    .endm

    .section .text.row, "ax"
    .global labrig_row_update
labrig_row_update:
    ldi r26, 0
    ldi r27, 0
    ldi r30, lo8(gs(1f))
    ldi r31, hi8(gs(1f))
    jmp __prologue_saves__ + 12
1:  movw r28, r24
    clr r10
    ldd r11, Y+ROW_OUTPUTS
    ldd2 r8, r9, ROW_FREE
    ldd r12, Y+ROW_RATE
    ldd2 r14, r15, ROW_TO
    ldd2 r16, r17, ROW_HIGH
    ldd2 r26, r27, ROW_CODES

branch:
    ldd r18, Y+ROW_USABLE
    tst r18
    brne 1f
    rjmp still
1:  movw r30, r14
    ld r18, Z+
    ld r19, Z+
    movw r14, r30
    subi r30, lo8(2 - ROW_TO_CLAMPED)
    sbci r31, hi8(2 - ROW_TO_CLAMPED)
    ld r20, Z
    ldd r21, Z+1
    sub r18, r8
    sbc r19, r9
    brcc 2f
    negate r18, r19
2:  ldd2 r22, r23, ROW_CLAMPED
    sub r20, r22
    sbc r21, r23
    brcc 3f
    negate r20, r21
3:  clt
    movw r22, r18
    sub r22, r20
    sbc r23, r21
    brcc 4f
    negate r22, r23
    set
4:  add r18, r20
    adc r19, r21
    sbc r21, r21 /* the sum has a bit more */
    mul r22, r18
    movw r24, r0
    mul r23, r19
    movw r30, r0
    mul r22, r19
    add r25, r0
    adc r30, r1
    adc r31, r10
    mul r23, r18
    add r25, r0
    adc r30, r1
    adc r31, r10
    and r22, r21
    and r23, r21
    add r30, r22
    adc r31, r23

    /* r24 r25 r30 r31 times the rate: r19 r22 ... r25, and without the lowest byte */
    mul r24, r12
    mov r19, r0
    mov r22, r1
    mul r30, r12
    mov r23, r0
    mov r24, r1
    mul r25, r12
    add r22, r0
    adc r23, r1
    adc r24, r10
    mul r31, r12
    add r24, r0
    mov r25, r1
    adc r25, r10
    ldd r18, Y+ROW_SHIFT
    rjmp 7f
6:  mov r19, r22
    mov r22, r23
    mov r23, r24
    mov r24, r25
    clr r25
    subi r18, 8
7:  cpi r18, 9
    brcc 6b
    lsl r19 /* rounded */
    adc r22, r10
    adc r23, r10
    adc r24, r10
    adc r25, r10
    mov r0, r22
    or r0, r23
    or r0, r24
    or r0, r25
    breq still

    load_latent
    brts 1f
    add r18, r22
    adc r19, r23
    adc r20, r24
    rjmp 2f
1:  sub r18, r22
    sbc r19, r23
    sbc r20, r24
2:  sbc r21, r21
    or r21, r25
    breq 4f
    ldi r18, 0xFF /* beyond the end */
    brtc 3f
    clr r18
3:  mov r19, r18
    mov r20, r18
4:  ldd r21, Y+ROW_CONVERT
    cpse r21, r10
    rjmp convert
    st X+, r18
5:  movw r30, r16
    st Z+, r19
    st Z+, r20
    movw r16, r30
6:  dec r11
    breq 7f
    rjmp branch
7:  std2 ROW_CODES, r26, r27
    std2 ROW_HIGH, r16, r17
    ldd2 r24, r25, ROW_FIRST
    ldd r18, Y+ROW_OUTPUTS
    add r24, r18
    adc r25, r10
    std2 ROW_FIRST, r24, r25
    clr r1
    in r28, 0x3d
    in r29, 0x3e
    ldi r30, 12
    jmp __epilogue_restores__ + 12

still:
    load_latent
    ldd r21, Y+ROW_CONVERT
    cpi r21, ROW_CONVERT_ALL
    breq convert
    adiw r26, 1
    rjmp 5b

convert: /* of a latent that was within its bounds before it moved, one of them is looked at */
    cpi r21, ROW_CONVERT_ALL
    breq 1f
    brtc 2f
1:  ldd2 r24, r25, ROW_FLOOR
    ldd r22, Y+ROW_FLOOR+2
    cp r18, r24
    cpc r19, r25
    cpc r20, r22
    brcc 3f
    movw r18, r24
    mov r20, r22
    count ROW_AT_FLOOR
3:  cpi r21, ROW_CONVERT_ALL
    brne 4f
2:  ldd2 r24, r25, ROW_CEILING
    ldd r22, Y+ROW_CEILING+2
    cp r24, r18
    cpc r25, r19
    cpc r22, r20
    brcc 4f
    movw r18, r24
    mov r20, r22
    count ROW_AT_CEILING
4:  ld r23, -X
    cpi r21, ROW_CONVERT_ALL
    brne 5f
    ldd r24, Y+ROW_LOWEST
    cp r23, r24
    brcc 3f
    mov r23, r24
3:  ldd r24, Y+ROW_HIGHEST
    cp r24, r23
    brcc 4f
    mov r23, r24
4:  rcall reaches
    brcs up
    rjmp down
5:  brtc down
    rcall reaches
    brcc done
up: ldd r24, Y+ROW_HIGHEST
    cp r23, r24
    brcc done
    inc r23
    rcall reaches
    brcs up
    rjmp done
down:
    ldd r24, Y+ROW_LOWEST
    cp r24, r23
    brcc done
    dec r23
    rcall reaches
    brcc down
    inc r23
done:
    ld r24, X
    st X+, r23
    st X+, r18
    movw r30, r16
    st Z+, r19
    st Z+, r20
    movw r16, r30
    cpse r24, r23
    rjmp 1f
    rjmp 6b
1:  push r26
    push r27
    movw r22, r26
    subi r22, 2
    sbc r23, r10
    movw r24, r28
    clr r1
    call labrig_row_send
    pop r27
    pop r26
    rjmp 6b

/* Carry: the latent, times the weight of code r23, over 256, does not reach the law. */
reaches:
    ldi r21, 128
    mul r23, r21
    movw r24, r0
    ldd2 r30, r31, ROW_OFFSET
    subi r30, 0xC0
    sbci r31, 0xFF
    add r24, r30
    adc r25, r31
    ldi r21, 0x20
    cpi r24, 1
    cpc r25, r21
    brcc 2f
    movw r30, r24 /* odd multiples of it up to 2^13 are counted, in place of a division */
    clr r22
1:  inc r22
    add r30, r24
    adc r31, r25
    add r30, r24
    adc r31, r25
    cpi r30, 1
    cpc r31, r21
    brcs 1b
    sub r24, r22
    sbc r25, r10
2:  mul r18, r24
    mov r30, r1
    mul r19, r25
    mov r31, r0
    mov r21, r1
    mul r20, r25
    add r21, r0
    mov r22, r1
    adc r22, r10
    mul r18, r25
    add r30, r0
    adc r31, r1
    adc r21, r10
    adc r22, r10
    mul r19, r24
    add r30, r0
    adc r31, r1
    adc r21, r10
    adc r22, r10
    mul r20, r24
    add r31, r0
    adc r21, r1
    adc r22, r10
    ldd r0, Y+ROW_LAW
    cp r30, r0
    ldd r0, Y+ROW_LAW+1
    cpc r31, r0
    ldd r0, Y+ROW_LAW+2
    cpc r21, r0
    ldd r0, Y+ROW_LAW+3
    cpc r22, r0
    ret

#endif
