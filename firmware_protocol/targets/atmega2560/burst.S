/* What the full rate of the line needs, by hand; wipers.c and the core have the same in C.
 *
 * burst: codes to the wipers as fast as SPI shifts them at 8 MHz, and their CRC-32 in the meantime. SPDR is written at
 * least 18 cycles after it was written last, and a chip is let go of later than that, so that nothing waits for a flag.
 * An interrupt in between only makes a pause longer. At least one code.
 *
 * uint32_t burst(uint32_t digest, const uint16_t *codes, uint16_t chip, uint8_t count, uint8_t command);
 * uint32_t labrig_crc32_codes(uint32_t crc, const uint16_t *codes, uint16_t count);
 * uint16_t labrig_crc16_bytes(uint16_t crc, const uint8_t *bytes, uint8_t count);
 *
 * r22 ... r25  CRC, lowest byte first; inverted, as it is kept between bytes
 * r12 ... r15  the next CRC
 * r20 r21      a code, low and high byte
 * r18 r19      number of the chip; r16: codes left; r17: command; X: codes; Z: tables
 * r28 r29      what the highest bit of a byte adds to the lower half of a CRC */
#ifndef LABRIG_PORTABLE

#include <avr/io.h>

#define WIPERS 0 /* enable on port G */

    .macro checksum byte, a0, a1, a2, a3, b0, b1, b2, b3 /* from a to b, 23 or 28 cycles */
    mov r30, \a0
    eor r30, \byte
    lsl r30 /* what the highest bit adds is not in the tables */
    ldi r31, hi8(crc32_pages)
    lpm \b0, Z+
    eor \b0, \a1
    lpm \b1, Z
    eor \b1, \a2
    inc r31
    lpm \b3, Z
    dec r30
    lpm \b2, Z
    eor \b2, \a3
    brcc .Llower\@
    eor \b0, r28
    eor \b1, r29
    ldi r30, 0xB8
    eor \b2, r30
    ldi r30, 0xED
    eor \b3, r30
.Llower\@:
    .endm

    .macro checksum_low
    checksum r20, r22, r23, r24, r25, r12, r13, r14, r15
    .endm

    .macro checksum_high
    checksum r21, r12, r13, r14, r15, r22, r23, r24, r25
    .endm

    .macro begin
    push r12
    push r13
    push r14
    push r15
    push r16
    push r17
    push r28
    push r29
    movw r26, r20
    ldi r28, 0x20
    ldi r29, 0x83
    rcall invert
    .endm

    .section .text.burst, "ax"

    .global burst
burst:
    begin
    mov r17, r14
    bst r17, 2 /* the command of an AD5270: one wiper a chip */
    rjmp 3f
2:  andi r17, 0x0F /* the next chip */
    subi r18, 0xFF
    sbci r19, 0xFF
3:  out _SFR_IO_ADDR(PORTA), r18
    out _SFR_IO_ADDR(PORTC), r19
1:  cbi _SFR_IO_ADDR(PORTG), WIPERS
    ld r20, X+
    ld r21, X+
    mov r0, r21
    or r0, r17
    out _SFR_IO_ADDR(SPDR), r0
    checksum_low
    out _SFR_IO_ADDR(SPDR), r20
    checksum_high
    sbi _SFR_IO_ADDR(PORTG), WIPERS
    dec r16
    breq end
    brts 2b
    subi r17, 0xF0 /* registers of an MCP4351: 0, 1, 6, 7 */
    brmi 2b
    sbrc r17, 5
    ori r17, 0x40
    rjmp 1b

end:
    pop r29
    pop r28
    pop r17
    pop r16
    pop r15
    pop r14
    pop r13
    pop r12
invert:
    com r22
    com r23
    com r24
    com r25
    ret

    .global labrig_crc32_codes
labrig_crc32_codes:
    begin
    rjmp 2f
1:  ld r20, X+
    ld r21, X+
    checksum_low
    checksum_high
2:  subi r18, 1
    sbci r19, 0
    brcc 1b
    rjmp end

    .section .text.crc16, "ax"
    .global labrig_crc16_bytes
labrig_crc16_bytes:
    movw r26, r22
    rjmp 2f
1:  ld r30, X+
    eor r30, r25
    ldi r31, hi8(crc16_pages)
    lpm r25, Z
    eor r25, r24
    inc r31
    lpm r24, Z
2:  subi r20, 1
    brcc 1b
    ret

/* Values out of a stream of bits. A byte times 2^(8 - p) is that byte p bits further down, in two bytes; p = 0 goes by
 * itself. Fewer than 256 values.
 *
 * void labrig_unpack_codes(const uint8_t *packed, uint16_t index, uint8_t count, uint8_t width, uint16_t *codes);
 *
 * r18 width; r19 p; r20 codes left; r21 2^(8 - p), 1 where p = 0; r22 r23 a code; r24 r25 its mask; r17 what r21 is
 * multiplied with to turn it by a code; X: bytes; Z: codes */
    .section .text.unpack, "ax"
    .global labrig_unpack_codes
labrig_unpack_codes:
    movw r26, r24
    movw r30, r16
    mul r22, r18
    mov r19, r0
    andi r19, 7
    ldi r21, 3
1:  lsr r1
    ror r0
    dec r21
    brne 1b
    add r26, r0
    adc r27, r1
    cpi r18, 8
    breq 9f
    push r17
    mov r22, r18
    rcall turned
    mov r17, r21
    mov r22, r19
    rcall turned
    ldi r24, 0xFF
    ldi r25, 0xFF
    ldi r22, 16
    rjmp 3f
2:  lsr r25
    ror r24
    dec r22
3:  cpse r22, r18
    rjmp 2b
    rjmp 8f
4:  ld r22, X+
    ld r23, X
    cpi r21, 1
    breq 5f
    mul r22, r21
    mov r22, r1
    mul r23, r21
    or r22, r0
    mov r23, r1
    cpi r18, 11 /* up to ten bits end in the second byte */
    brsh 10f
5:  and r22, r24
    and r23, r25
    st Z+, r22
    st Z+, r23
    mul r21, r17
    mov r21, r0
    or r21, r1
    add r19, r18
    subi r19, 8
    brcs 7f
    cpi r19, 8
    brlo 8f
    subi r19, 8
    adiw r26, 1
8:  subi r20, 1
    brcc 4b
    pop r17
    clr r1
    ret
7:  subi r19, 0xF8
    sbiw r26, 1
    rjmp 8b
10: adiw r26, 1
    ld r0, X
    sbiw r26, 1
    mul r0, r21
    or r23, r0
    rjmp 5b
9:  clr r1 /* bytes */
    rjmp 12f
11: ld r22, X+
    st Z+, r22
    st Z+, r1
12: subi r20, 1
    brcc 11b
    ret

/* The same for the highest bit of each value alone.
 *
 * uint8_t labrig_next_high(const uint8_t *packed, uint8_t index, uint8_t count, uint8_t width);
 *
 * r20 count; r21 the bit; r23 what it is multiplied with to turn it by a value; r18 whole bytes of a value; r24 0;
 * r25 index; X: bytes */
    .section .text.high, "ax"
    .global labrig_next_high
labrig_next_high:
    movw r26, r24
    mov r25, r22
    mul r22, r18
    movw r30, r0
    clr r24
    add r30, r18
    adc r31, r24
    sbiw r30, 1
    mov r22, r18
    neg r22
    rcall turned
    mov r23, r21
    mov r22, r30
    neg r22
    rcall turned
    ldi r22, 3
1:  lsr r31
    ror r30
    lsr r18
    dec r22
    brne 1b
    add r26, r30
    adc r27, r31
    rjmp 3f
2:  ld r0, X
    and r0, r21
    brne 4f
    mul r21, r23
    mov r21, r0
    or r21, r1
    neg r1 /* carry: the next one lies a byte further */
    adc r26, r18
    adc r27, r24
    inc r25
3:  cpse r25, r20
    rjmp 2b
4:  mov r24, r25
    clr r1
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
