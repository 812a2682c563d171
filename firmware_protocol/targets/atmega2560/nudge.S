/* labrig_nudge_code by hand: the core has the same in C. In 64 bits, modulo 2^64:
 *
 *   part  =  scale * sum                                 what the reading is in codes of the DAC
 *   all   =  half + part * 2^14 - fraction * (part - target)
 *   code  =  all / 2^38 / averages
 *
 * uint16_t labrig_nudge_code(const struct labrig_nudge *nudge, uint32_t sum, uint16_t target);
 *
 * r28 r29 Y  the stack: part, then all; r16 r17: the nudge; r10 r11: the target, then the highest code */
#ifndef LABRIG_PORTABLE

#define AVERAGES 8 /* where the parts of a nudge lie; behind its scale */
#define DAC_BITS 9
#define FRACTION 10
#define PART 1 /* on the stack */
#define ALL 9

    .section .text.nudge, "ax"
    .global labrig_nudge_code
labrig_nudge_code:
    ldi r26, 16
    ldi r27, 0
    ldi r30, lo8(gs(1f))
    ldi r31, hi8(gs(1f))
    jmp __prologue_saves__ + 16
1:  movw r16, r24
    movw r10, r18
    movw r26, r28
    ldi r18, 16
2:  adiw r26, 1
    st X, r1
    dec r18
    brne 2b
    movw r26, r28
    adiw r26, PART
    movw r30, r16
    rcall add_product

    movw r30, r16
    ldd r18, Z+AVERAGES
    ldi r19, 32
    mul r18, r19
    std Y+ALL+4, r0 /* half of a code */
    std Y+ALL+5, r1
    clr r20
    ldi r21, 0x40
    clr r22
    clr r23
    rcall add_part

    movw r30, r16
    ldd r20, Z+AVERAGES
    clr r19
    mul r10, r20
    movw r24, r0
    mul r11, r20
    add r25, r0
    adc r1, r19
    ldd r20, Y+PART+3 /* the target has 24 bits behind the point */
    sub r20, r24
    std Y+PART+3, r20
    ldd r20, Y+PART+4
    sbc r20, r25
    std Y+PART+4, r20
    ldd r20, Y+PART+5
    sbc r20, r1
    std Y+PART+5, r20
    ldd r20, Y+PART+6
    sbc r20, r19
    std Y+PART+6, r20
    ldd r20, Y+PART+7
    sbc r20, r19
    std Y+PART+7, r20
    movw r30, r16
    ldd r24, Z+FRACTION
    ldd r25, Z+FRACTION+1
    clr r20
    clr r21
    movw r22, r20
    sub r20, r24
    sbc r21, r25
    sbc r22, r22
    sbrc r25, 7
    com r22
    mov r23, r22
    rcall add_part

    movw r30, r16
    ldd r24, Z+DAC_BITS
    call labrig_low_bits
    movw r10, r24
    ldd r25, Y+ALL+7
    clr r18
    clr r19
    sbrc r25, 7
    rjmp 5f
    ldd r24, Y+ALL+6
    ldd r23, Y+ALL+5
    ldd r22, Y+ALL+4
    ldi r18, 6
3:  lsr r25
    ror r24
    ror r23
    ror r22
    dec r18
    brne 3b
    movw r30, r16
    ldd r18, Z+AVERAGES
    clr r20
    clr r21
    call __udivmodsi4
    or r20, r21
    brne 4f
    cp r10, r18
    cpc r11, r19
    brcc 5f
4:  movw r18, r10
5:  movw r24, r18
    adiw r28, 16
    ldi r30, 10
    jmp __epilogue_restores__ + 16

add_part: /* times r20 ... r23, to all */
    movw r26, r28
    adiw r26, ALL
    movw r30, r28
    adiw r30, PART

/* X += Z * r20 ... r23, all but the factor in eight bytes. r12 ... r15 keep X and Z. */
add_product:
    movw r12, r30
    ldi r24, 8
1:  movw r14, r26
    movw r30, r12
    mov r25, r24
    clr r18
2:  ld r19, Z+
    mul r19, r20
    add r0, r18
    ld r19, X
    ldi r18, 0
    adc r1, r18
    add r0, r19
    adc r1, r18
    st X+, r0
    mov r18, r1
    dec r25
    brne 2b
    mov r20, r21
    mov r21, r22
    mov r22, r23
    lsl r23
    sbc r23, r23
    movw r26, r14
    adiw r26, 1
    dec r24
    brne 1b
    clr r1
    ret

#endif
