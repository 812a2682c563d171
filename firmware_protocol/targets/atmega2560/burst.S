/* Codes to the wipers as fast as SPI shifts them at 8 MHz, and their CRC-32 in the meantime; wipers.c and the core have
 * the same in C. SPDR is written at least 18 cycles after it was written last, and a chip is let go of later than that,
 * so that nothing waits for a flag. An interrupt in between only makes a pause longer.
 *
 * uint32_t burst_mcp4351(uint32_t digest, const uint16_t *codes, uint16_t chip, uint8_t chips);
 * uint32_t burst_ad5270(uint32_t digest, const uint16_t *codes, uint16_t chip, uint8_t chips);
 * uint32_t labrig_crc32_codes(uint32_t crc, const uint16_t *codes, uint16_t count);
 *
 * At least one chip.
 * uint16_t labrig_crc16_bytes(uint16_t crc, const uint8_t *bytes, uint8_t count);
 *
 * r22 ... r25  CRC, lowest byte first; inverted, as it is kept between bytes
 * r12 ... r15  the next CRC
 * r20 r21      a code, low and high byte, with the command above
 * r18 r19      number of the chip; r16: chips left; X: codes; Z: tables */
#ifndef LABRIG_PORTABLE

#include <avr/io.h>

#define WIPERS 0 /* enable on port G */

    .macro checksum_low /* 18 cycles */
    mov r30, r22
    eor r30, r20
    ldi r31, hi8(crc32_pages)
    lpm r12, Z
    inc r31
    lpm r13, Z
    inc r31
    lpm r14, Z
    inc r31
    lpm r15, Z
    .endm

    .macro checksum_high /* 26 cycles */
    mov r30, r23
    eor r30, r21
    inc r31
    lpm r0, Z
    eor r12, r0
    inc r31
    lpm r0, Z
    eor r13, r0
    inc r31
    lpm r0, Z
    eor r14, r0
    inc r31
    lpm r0, Z
    eor r15, r0
    eor r12, r24
    eor r13, r25
    movw r22, r12
    movw r24, r14
    .endm

    .macro send command
    ld r20, X+
    ld r21, X+
    ori r21, \command
    out _SFR_IO_ADDR(SPDR), r21
    checksum_low
    out _SFR_IO_ADDR(SPDR), r20
    andi r21, 0x03
    checksum_high
    .endm

    .macro invert
    com r22
    com r23
    com r24
    com r25
    .endm

    .macro begin
    push r12
    push r13
    push r14
    push r15
    push r16
    movw r26, r20
    invert
    .endm

    .macro end
    invert
    pop r16
    pop r15
    pop r14
    pop r13
    pop r12
    ret
    .endm

    .macro select
    out _SFR_IO_ADDR(PORTA), r18
    out _SFR_IO_ADDR(PORTC), r19
    cbi _SFR_IO_ADDR(PORTG), WIPERS
    .endm

    .macro deselect /* and count */
    sbi _SFR_IO_ADDR(PORTG), WIPERS
    subi r18, 0xFF
    sbci r19, 0xFF
    dec r16
    .endm

    .section .text.burst, "ax"

    .global burst_mcp4351
burst_mcp4351:
    begin
1:  select
    send 0x00 /* wiper 0 */
    send 0x10 /* wiper 1 */
    send 0x60 /* wiper 2 */
    send 0x70 /* wiper 3 */
    deselect
    breq 2f
    rjmp 1b
2:  end

    .global burst_ad5270
burst_ad5270:
    begin
1:  select
    send 0x04 /* write the wiper */
    deselect
    brne 1b
    end

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
    end

#endif
