/* What the full rate of the line needs, by hand; wipers.c and the core have the same in C.
 *
 * Codes to the wipers as fast as SPI shifts them at 8 MHz, and their digest in the meantime. SPDR is written at least 18
 * cycles after it was written last, and a chip is let go of later than that, so that nothing waits for a flag. An interrupt
 * in between only makes a pause longer.
 *
 * uint32_t labrig_hal_write_wipers(uint16_t first, const uint16_t *codes, uint8_t count, uint32_t digest);
 * uint32_t labrig_digest_codes(uint32_t digest, const uint16_t *codes, uint16_t count, uint16_t mask);
 *
 * r22 ... r25  digest, lowest byte first
 * r30 r31 r28 r29  the next one
 * r20 r21      a code, low and high byte; X: the codes behind it
 * r18 r19      number of the chip; r16: codes left; r17: command
 * r14          0; r15: lowest byte of the multiplier; r17: what stays of a code's high byte */
#ifndef LABRIG_PORTABLE

#include <avr/io.h>

#include "hardware_layout.h"
#include "labrig_protocol.h"

#if LABRIG_DIGEST_MULTIPLIER < 0x10000 || LABRIG_DIGEST_MULTIPLIER > 0x100FF
#error "what the digest is multiplied with is not 0x100nn"
#endif

#define WIPERS 0 /* enable on port G */
#define AD5270_WRITE 0x04

    .macro multiply /* the digest: 16 cycles */
    mul r22, r15
    movw r30, r0
    mul r24, r15
    movw r28, r0
    add r28, r22
    adc r29, r23
    mul r23, r15
    add r31, r0
    adc r28, r1
    adc r29, r14
    mul r25, r15
    add r29, r0
    .endm

    .macro add_code /* 6 cycles */
    add r30, r20
    adc r31, r21
    adc r28, r14
    adc r29, r14
    movw r22, r30
    movw r24, r28
    .endm

    .macro save
    push r14
    push r15
    push r16
    push r17
    push r28
    push r29
    .endm

    .macro begin
    ldi r28, LABRIG_DIGEST_MULTIPLIER & 0xFF
    mov r15, r28
    clr r14
    .endm

    .section .text.burst, "ax"

    .global labrig_hal_write_wipers
labrig_hal_write_wipers:
    save
    movw r26, r22
    movw r14, r16
    movw r28, r18
    mov r16, r20
    movw r22, r24
    rcall address_wiper
    movw r18, r22
    mov r17, r31
    movw r22, r14
    movw r24, r28
    begin
    tst r16
    breq end
    bst r17, 2 /* the command of an AD5270: one wiper a chip */
    ld r20, X+
    ld r21, X+
    rjmp 3f
2:  andi r17, 0x0F /* the next chip */
    subi r18, 0xFF
    sbci r19, 0xFF
3:  out _SFR_IO_ADDR(PORTA), r18
    out _SFR_IO_ADDR(PORTC), r19
1:  cbi _SFR_IO_ADDR(PORTG), WIPERS
    mov r0, r21
    or r0, r17
    out _SFR_IO_ADDR(SPDR), r0
    multiply
    nop
    out _SFR_IO_ADDR(SPDR), r20
    add_code
    ld r20, X+
    ld r21, X+
    subi r17, 0xF0 /* registers of an MCP4351: 0, 1, 6, 7 */
    sbrc r17, 5
    ori r17, 0x40
    dec r16
    breq 4f
    nop
    sbi _SFR_IO_ADDR(PORTG), WIPERS
    brts 2b
    sbrc r17, 7
    rjmp 2b
    rjmp 1b
4:  sbi _SFR_IO_ADDR(PORTG), WIPERS

end:
    clr r1
    pop r29
    pop r28
    pop r17
    pop r16
    pop r15
    pop r14
    ret

    .global labrig_digest_codes
labrig_digest_codes:
    save
    movw r26, r20
    begin
    rjmp 2f
1:  ld r20, X+
    ld r21, X+
    and r21, r17
    multiply
    add_code
2:  subi r18, 1
    sbci r19, 0
    brcc 1b
    rjmp end

/* Of branch r22 r23: the number of its chip in its place, and in r31 the command that writes its wiper; the bus is ready. */
    .global address_wiper
address_wiper:
    ldi r20, 1 << SPE | 1 << MSTR | 1 << CPHA
    ldi r31, AD5270_WRITE
    lds r30, hardware + HARDWARE_WIPER
    cpi r30, HARDWARE_AD5270
    breq 1f
    ldi r20, 1 << SPE | 1 << MSTR
    mov r31, r22
    swap r31
    andi r31, 0x30 /* registers of an MCP4351: 0, 1, 6, 7 */
    sbrc r31, 5
    ori r31, 0x40
    lsr r23
    ror r22
    lsr r23
    ror r22
1:  out _SFR_IO_ADDR(SPCR), r20
    ldi r20, 1 << SPI2X
    out _SFR_IO_ADDR(SPSR), r20
    ret

/* Values of 8 ... 16 bits out of a stream of them. A byte times 2^(8 - p) is that byte p bits further down, in two bytes.
 * p goes from 1 to 8, so that a value lies in three bytes. Fewer than 256 values.
 *
 * void labrig_unpack_codes(const uint8_t *packed, uint16_t index, uint8_t count, uint8_t width, uint16_t *codes);
 * bool labrig_codes_within(const uint8_t *packed, uint8_t count, uint8_t width, uint16_t least, uint16_t most);
 *
 * T: codes are compared in place of stored, r14 r15 the least, X how much more they may be.
 * r17 what r21 is multiplied with to turn it by a code; r18 width; r20 codes left; r21 2^(8 - p); r22 r23 a code, r19 what
 * lies above it; r25 mask of its high byte; X: codes; Z: bytes */
    .section .text.unpack, "ax"
    .global labrig_codes_within
labrig_codes_within:
    push r14
    push r15
    movw r14, r18
    movw r26, r16
    sub r26, r14
    sbc r27, r15
    mov r18, r20
    mov r20, r22
    clr r22
    set
    rcall 1f
    clr r24
    bld r24, 0
    pop r15
    pop r14
    ret

    .global labrig_unpack_codes
labrig_unpack_codes:
    clt
    movw r26, r16
1:  movw r30, r24
    cpi r18, 8
    breq 10f
    push r17
    mul r22, r18
    mov r19, r0
    ldi r21, 3
2:  lsr r1
    ror r0
    dec r21
    brne 2b
    add r30, r0
    adc r31, r1
    andi r19, 7
    brne 3f
    sbiw r30, 1
3:  mov r22, r18
    rcall turned
    mov r17, r21
    mov r22, r19
    rcall turned
    ldi r25, 0xFF
    ldi r22, 16
    rjmp 5f
4:  lsr r25
    dec r22
5:  cpse r22, r18
    rjmp 4b
    rjmp 8f
6:  ld r22, Z+
    ld r23, Z
    ldd r19, Z+1
    mul r22, r21
    mov r22, r1
    mul r23, r21
    or r22, r0
    mov r23, r1
    mul r19, r21
    or r23, r0
    and r23, r25
    brts 13f
    st X+, r22
    st X+, r23
7:  mul r21, r17
    mov r21, r1
    tst r21
    brne 8f
    mov r21, r0
    adiw r30, 1
8:  subi r20, 1
    brcc 6b
9:  pop r17
    clr r1
    ret
10: add r30, r22 /* bytes */
    adc r31, r1
    clr r23
    rjmp 12f
11: ld r22, Z+
    brts 14f
    st X+, r22
    st X+, r23
12: subi r20, 1
    brcc 11b
    ret
13: sub r22, r14
    sbc r23, r15
    cp r26, r22
    cpc r27, r23
    brcc 7b
    clt
    rjmp 9b
14: sub r22, r14
    sbc r23, r15
    cp r26, r22
    cpc r27, r23
    ldi r23, 0
    brcc 12b
    clt
    ret

/* r21: 1, turned right by the bits that r22 counts, modulo 8 */
    .section .text.unpack
turned:
    ldi r21, 1
    andi r22, 7
    rjmp 2f
1:  lsr r21
    brcc 2f
    ldi r21, 0x80
2:  subi r22, 1
    brcc 1b
    ret

#endif
