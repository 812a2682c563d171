/* The receive interrupt, written by hand: it takes a byte in 52 cycles, entry and return included, where the portable
 * labrig_inbox_put takes several times that. Each byte is decoded, checked and stored at once.
 *
 * Its state lives in registers that nothing else may use (-ffixed-r2 ... -ffixed-r7):
 *   r2     bytes of the block that are still to come, the code of the next block included
 *   r3 r4  CRC of the body so far, high and low
 *   r5     the byte
 *   r6 r7  where the next decoded byte goes
 * GPIOR0 bit 0: bytes are ignored up to the next delimiter. GPIOR1: the status register. GPIOR2: r30 of whom it
 * interrupts. The zero that stands for the first code goes to the record's size, and takes the CRC from CRC_BEFORE to its
 * initial value: the first code needs no case of its own. */
#include "receive.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <stddef.h>

#include "crc.h"
#include "hardware.h"
#include "labrig_protocol.h"

#ifdef LABRIG_PORTABLE

void receive_begin(void)
{
}

ISR(USART0_RX_vect)
{
    labrig_receive(&board, UDR0);
}

#else

#define CRC_BEFORE 0x1E0Cu /* a zero takes it to LABRIG_CRC_INIT */
#define IGNORING (1u << 0)

static uint8_t begin __attribute__((used)); /* of this frame's record, low byte of where */
register uint8_t due __asm__("r2");
register uint8_t crc_high __asm__("r3");
register uint8_t crc_low __asm__("r4");
register uint8_t *next __asm__("r6");

static void expect_frame(void)
{
    next = &board.inbox.bytes[board.inbox.head];
    due = 1;
    crc_high = CRC_BEFORE >> 8;
    crc_low = CRC_BEFORE & 0xFFu;
    begin = (uint8_t)(uint16_t)next;
    board.inbox.refused = !labrig_inbox_has_room(&board.inbox);
    GPIOR0 = board.inbox.refused ? IGNORING : 0;
}

void receive_begin(void)
{
    expect_frame();
}

static bool good(uint8_t size)
{
    const uint8_t *body = &board.inbox.bytes[board.inbox.head + 1u];
    return due == 1 && size >= LABRIG_HEADER_SIZE + LABRIG_CRC_SIZE && size == labrig_frame_size(body)
        && crc_high == LABRIG_CRC16_RESIDUE >> 8 && crc_low == (LABRIG_CRC16_RESIDUE & 0xFFu);
}

/* A delimiter. Called by the interrupt, which keeps all registers. */
void receive_delimiter(void) __attribute__((used));
void receive_delimiter(void)
{
    const uint8_t used = (uint8_t)((uint8_t)(uint16_t)next - begin);
    if ((GPIOR0 & IGNORING) == 0 && used == 0) {
        return; /* 00 before or between frames */
    }
    if (board.inbox.refused) {
        board.inbox.overruns++;
    } else if ((GPIOR0 & IGNORING) == 0 && good((uint8_t)(used - 1u))) {
        labrig_inbox_arrived(&board.inbox, (uint8_t)(used - 1u));
    } else {
        board.inbox.damaged++;
    }
    expect_frame();
}

/* CRC-16/GENIBUS goes on by the byte in r30: with x = byte ^ high and x ^= x >> 4, high = low ^ x << 4 ^ x >> 3 and
 * low = x ^ x << 5. r31 is used up; 18 cycles. */
__asm__(".macro crc16 high, low\n\t"
        "eor r30, \\high\n\t"
        "mov r31, r30\n\t"
        "swap r31\n\t"
        "andi r31, 0x0F\n\t"
        "eor r30, r31\n\t"
        "mov r31, r30\n\t"
        "swap r31\n\t"
        "mov \\high, \\low\n\t"
        "mov \\low, r30\n\t"
        "mov r30, r31\n\t"
        "andi r30, 0xF0\n\t"
        "eor \\high, r30\n\t"
        "lsl r30\n\t"
        "eor \\low, r30\n\t"
        "andi r31, 0x0F\n\t"
        "rol r31\n\t" /* the carry is the bit between */
        "eor \\high, r31\n\t"
        ".endm");

uint16_t labrig_crc16_bytes(uint16_t crc, const uint8_t *bytes, uint8_t count) __attribute__((naked));
uint16_t labrig_crc16_bytes(uint16_t crc, const uint8_t *bytes, uint8_t count)
{
    __asm__ volatile("movw r26, r22\n\t"
                     "rjmp 2f\n"
                     "1:\tld r30, X+\n\t"
                     "crc16 r25, r24\n"
                     "2:\tsubi r20, 1\n\t"
                     "brcc 1b\n\t"
                     "ret\n\t");
    (void)crc;
    (void)bytes;
    (void)count;
}

ISR(USART0_RX_vect, ISR_NAKED)
{
    __asm__ volatile(
        "out %[low], r30\n\t"
        "push r31\n\t"
        "in r30, %[sreg]\n\t"
        "out %[saved], r30\n\t"
        "lds r30, %[data]\n\t"
        "tst r30\n\t"
        "breq 3f\n\t"
        "dec r2\n\t"
        "breq 4f\n"
        "1:\tmov r5, r30\n\t" /* a byte of the body */
        "movw r30, r6\n\t"
        "st Z+, r5\n\t"
        "movw r6, r30\n\t"
        "mov r30, r5\n\t"
        "crc16 r3, r4\n"
        "2:\tin r30, %[saved]\n\t"
        "out %[sreg], r30\n\t"
        "pop r31\n\t"
        "in r30, %[low]\n\t"
        "reti\n"
        "4:\tinc r2\n\t" /* a code: as if nothing had been counted down */
        "sbic %[flags], 0\n\t"
        "rjmp 2b\n\t"
        "mov r5, r30\n\t"
        "lds r31, %[begin]\n\t"
        "mov r30, r6\n\t"
        "sub r30, r31\n\t" /* what the record holds so far */
        "add r30, r5\n\t"
        "brcs 5f\n\t"
        "cpi r30, %[most]\n\t"
        "brsh 5f\n\t"
        "mov r2, r5\n\t"
        "ldi r30, 0\n\t"
        "rjmp 1b\n"
        "5:\tsbi %[flags], 0\n\t" /* too long for a body */
        "rjmp 2b\n"
        "3:\tpush r0\n\t"
        "push r1\n\t"
        "clr r1\n\t"
        "push r18\n\t"
        "push r19\n\t"
        "push r20\n\t"
        "push r21\n\t"
        "push r22\n\t"
        "push r23\n\t"
        "push r24\n\t"
        "push r25\n\t"
        "push r26\n\t"
        "push r27\n\t"
        "call receive_delimiter\n\t"
        "pop r27\n\t"
        "pop r26\n\t"
        "pop r25\n\t"
        "pop r24\n\t"
        "pop r23\n\t"
        "pop r22\n\t"
        "pop r21\n\t"
        "pop r20\n\t"
        "pop r19\n\t"
        "pop r18\n\t"
        "pop r1\n\t"
        "pop r0\n\t"
        "rjmp 2b\n\t" ::[sreg] "I"(_SFR_IO_ADDR(SREG)),
        [saved] "I"(_SFR_IO_ADDR(GPIOR1)), [data] "i"(_SFR_MEM_ADDR(UDR0)), [flags] "I"(_SFR_IO_ADDR(GPIOR0)), [begin] "i"(&begin), [low] "I"(_SFR_IO_ADDR(GPIOR2)),
        [most] "M"(LABRIG_INBOX_RECORD + 1u));
}

#endif
