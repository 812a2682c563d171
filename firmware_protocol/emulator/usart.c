/* Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#include "usart.h"

#include <stdio.h>
#include <stdlib.h>

/* ATmega640/1280/2560 datasheet, register summary. */
enum { UCSRA = 0xC0, UCSRB = 0xC1, UCSRC = 0xC2, UBRRL = 0xC4, UBRRH = 0xC5, UDR = 0xC6 };
enum { U2X = 1, DOR = 3, UDRE = 5, TXC = 6, RXC = 7 };
enum { TXEN = 3, RXEN = 4, UDRIE = 5, TXCIE = 6, RXCIE = 7 };
enum { RX_VECTOR = 25, UDRE_VECTOR = 26, TX_VECTOR = 27 };
#define BITS_A_BYTE 10u

static bool bit(uint8_t value, int place)
{
    return (value >> place & 1) != 0;
}

static avr_cycle_count_t byte_cycles(const struct usart *usart)
{
    const uint8_t *data = usart->avr->data;
    const unsigned divisor = ((unsigned)(data[UBRRH] & 0x0Fu) << 8 | data[UBRRL]) + 1u;
    return BITS_A_BYTE * (bit(usart->status_written, U2X) ? 8u : 16u) * divisor;
}

static uint8_t status(const struct usart *usart)
{
    return (uint8_t)((usart->status_written & (1u << U2X | 1u << TXC)) | (usart->waiting != 0 ? 1u << RXC : 0)
                     | (usart->next_full ? 0 : 1u << UDRE) | (usart->overrun ? 1u << DOR : 0));
}

static void follow(const struct usart *usart, avr_int_vector_t *vector, bool condition)
{
    if (condition) {
        (void)avr_raise_interrupt(usart->avr, vector);
    } else if (vector->pending) {
        avr_clear_interrupt(usart->avr, vector);
    }
}

/* Two of the interrupts are there as long as their condition is, and no longer. */
static void follow_both(const struct usart *usart)
{
    follow(usart, usart->receive_vector, usart->waiting != 0 && bit(usart->control, RXCIE));
    follow(usart, usart->empty_vector, !usart->next_full && bit(usart->control, UDRIE));
}

static avr_cycle_count_t byte_received(avr_t *avr, avr_cycle_count_t when, void *param);

/* The next byte of the line is due one byte time after it began. */
static void expect_byte(struct usart *usart)
{
    if (usart->count == 0) {
        return;
    }
    const double now = (double)usart->avr->cycle;
    usart->line_free = (usart->line_free > now ? usart->line_free : now) + usart->host_byte;
    avr_cycle_timer_register(usart->avr, (avr_cycle_count_t)(usart->line_free - now + 0.5), byte_received, usart);
}

static avr_cycle_count_t byte_received(avr_t *avr, avr_cycle_count_t when, void *param)
{
    struct usart *usart = param;
    const uint8_t byte = usart->line[usart->first];
    (void)avr;
    (void)when;
    usart->first = (usart->first + 1u) % USART_LINE;
    usart->count--;
    usart->bytes_down++;
    usart->heard_cycle = usart->avr->cycle;
    if (bit(usart->control, RXEN)) {
        if (mishaps_due(usart->mishaps, OVERRUN, usart->bytes_down)) {
            usart->overrun = true;
            usart->mishap_overruns++;
        } else if (usart->waiting == 2) {
            usart->overrun = true;
            usart->overruns++;
        } else {
            usart->received[usart->waiting++] = byte;
        }
    }
    expect_byte(usart);
    follow_both(usart);
    return 0;
}

static avr_cycle_count_t byte_sent(avr_t *avr, avr_cycle_count_t when, void *param)
{
    struct usart *usart = param;
    const uint8_t byte = usart->shifting;
    (void)avr;
    usart->bytes_up++;
    usart->busy = usart->next_full;
    if (usart->next_full) {
        usart->shifting = usart->next;
        usart->next_full = false;
    } else {
        usart->status_written |= 1u << TXC;
        if (bit(usart->control, TXCIE)) {
            (void)avr_raise_interrupt(usart->avr, usart->complete_vector);
        }
    }
    follow_both(usart);
    usart->sent(usart->context, byte);
    return usart->busy ? when + byte_cycles(usart) : 0;
}

static void write_data(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    struct usart *usart = param;
    (void)address;
    if (!bit(usart->control, TXEN) || usart->next_full) {
        return;
    }
    usart->status_written &= (uint8_t)~(1u << TXC);
    if (usart->busy) {
        usart->next = value;
        usart->next_full = true;
    } else {
        usart->shifting = value;
        usart->busy = true;
        avr_cycle_timer_register(avr, byte_cycles(usart), byte_sent, usart);
    }
    follow_both(usart);
}

static uint8_t read_data(struct avr_t *avr, avr_io_addr_t address, void *param)
{
    struct usart *usart = param;
    const uint8_t byte = usart->received[0];
    (void)avr;
    (void)address;
    usart->overrun = false;
    if (usart->waiting > 0) {
        usart->waiting--;
        usart->received[0] = usart->received[1];
    }
    follow_both(usart);
    return byte;
}

static uint8_t read_status(struct avr_t *avr, avr_io_addr_t address, void *param)
{
    (void)avr;
    (void)address;
    return status(param);
}

static void write_status(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    struct usart *usart = param;
    const bool clear = bit(value, TXC);
    usart->status_written = (uint8_t)((usart->status_written & (clear ? 0 : 1u << TXC)) | (value & 1u << U2X));
    avr->data[address] = value;
}

static void write_control(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    struct usart *usart = param;
    avr->data[address] = value;
    usart->control = value;
    if (!bit(value, RXEN)) {
        usart->waiting = 0;
    }
    follow_both(usart);
}

static void write_plain(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    (void)param;
    avr->data[address] = value;
}

static avr_int_vector_t *find_vector(avr_t *avr, uint8_t number)
{
    for (unsigned k = 0; k < avr->interrupts.vector_count; k++) {
        if (avr->interrupts.vector[k]->vector == number) {
            return avr->interrupts.vector[k];
        }
    }
    fprintf(stderr, "this libsimavr has no interrupt %u\n", number);
    exit(1);
}

static void take_over(struct usart *usart, avr_io_addr_t address, avr_io_read_t read, avr_io_write_t write)
{
    avr_t *avr = usart->avr;
    avr->io[AVR_DATA_TO_IO(address)].r.c = read;
    avr->io[AVR_DATA_TO_IO(address)].r.param = usart;
    avr->io[AVR_DATA_TO_IO(address)].w.c = write;
    avr->io[AVR_DATA_TO_IO(address)].w.param = usart;
}

void usart_attach(struct usart *usart, avr_t *avr, double host_baud)
{
    usart->avr = avr;
    usart->host_byte = avr->frequency * (double)BITS_A_BYTE / host_baud;
    usart->receive_vector = find_vector(avr, RX_VECTOR);
    usart->empty_vector = find_vector(avr, UDRE_VECTOR);
    usart->complete_vector = find_vector(avr, TX_VECTOR);
    take_over(usart, UDR, read_data, write_data);
    take_over(usart, UCSRA, read_status, write_status);
    take_over(usart, UCSRB, NULL, write_control);
    take_over(usart, UCSRC, NULL, write_plain);
    take_over(usart, UBRRL, NULL, write_plain);
    take_over(usart, UBRRH, NULL, write_plain);
    usart_reset(usart);
}

/* What was being sent is lost; the line from the host goes on. The cycle timers are gone. */
void usart_reset(struct usart *usart)
{
    usart->control = usart->status_written = 0;
    usart->waiting = 0;
    usart->next_full = usart->busy = usart->overrun = false;
    usart->line_free = 0.0;
    expect_byte(usart);
}

size_t usart_room(const struct usart *usart)
{
    return USART_LINE - usart->count;
}

void usart_feed(struct usart *usart, const uint8_t *bytes, size_t count)
{
    const bool idle = usart->count == 0;
    for (size_t k = 0; k < count; k++) {
        usart->line[(usart->first + usart->count++) % USART_LINE] = bytes[k];
    }
    if (idle) {
        expect_byte(usart);
    }
}

bool usart_active(const struct usart *usart)
{
    return usart->count != 0 || usart->busy;
}

bool usart_listening(const struct usart *usart)
{
    return bit(usart->control, RXEN);
}
