/* labrig on an LM3S6965 in QEMU: UART0 to the host, and the host target's circuit in place of hardware.
 *
 * QEMU gives this processor files and a command line (semihosting); on a real one it would stop where it asks for them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "circuit_file.h"
#include "clock.h"
#include "hal.h"
#include "interrupts.h"
#include "lm3s6965.h"

#define BAUD 115200u
#define FIRST_BOOT 1u

static struct circuit circuit;
static struct labrig_board board;

void uart0_interrupt(void)
{
    while ((UART0_FR & UART_FR_RXFE) == 0) {
        labrig_receive(&board, (uint8_t)UART0_DR);
    }
}

/* The divisor is CLOCK_HZ / (16 baud) in units of 1/64, rounded. */
static void serial_begin(void)
{
    const uint32_t divisor = (CLOCK_HZ * 8u / BAUD + 1u) / 2u;
    RCGC1 |= RCGC1_UART0;
    RCGC2 |= RCGC2_GPIOA;
    (void)RCGC2; /* three cycles until the clocks are there */
    GPIOA_AFSEL |= GPIOA_UART0;
    GPIOA_DEN |= GPIOA_UART0;
    UART0_CTL = 0;
    UART0_IBRD = divisor / 64u;
    UART0_FBRD = divisor % 64u;
    UART0_LCRH = UART_LCRH_8BITS | UART_LCRH_FEN;
    UART0_IM = UART_IM_RXIM | UART_IM_RTIM;
    UART0_CTL = UART_CTL_RXE | UART_CTL_TXE | UART_CTL_UARTEN;
    NVIC_ISER0 = 1u << INTERRUPT_UART0;
}

static void send(void)
{
    uint8_t byte;
    while ((UART0_FR & UART_FR_TXFF) == 0 && labrig_transmit(&board, &byte)) {
        UART0_DR = byte;
    }
}

/* Until an interrupt: a byte, or the next millisecond, which comes before the UART has sent what it holds. */
static void sleep_if_idle(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
    if (board.request != NULL || labrig_inbox_oldest(&board.inbox) == NULL) {
        __asm__ volatile("wfi" ::: "memory");
    }
    __asm__ volatile("cpsie i" ::: "memory");
}

static _Noreturn void refuse_options(void)
{
    fputs("usage: --circuit FILE [--serial TEXT]\n", stderr);
    exit(2);
}

static void read_circuit(int count, char **words)
{
    static const struct option known[] = {
        {"circuit", required_argument, NULL, 'c'}, {"serial", required_argument, NULL, 's'}, {0}};
    const char *file = NULL, *serial_number = "LM3S6965";
    for (int option; (option = getopt_long(count, words, "", known, NULL)) != -1;) {
        switch (option) {
        case 'c': file = optarg; break;
        case 's': serial_number = optarg; break;
        default: refuse_options();
        }
    }
    if (optind != count || file == NULL || strlen(serial_number) > TEXT_MAX) {
        refuse_options();
    }
    circuit_file_read(file, serial_number, &circuit);
}

int main(int count, char **words)
{
    read_circuit(count, words);
    hal_attach(&circuit);
    clock_begin();
    labrig_start(&board, &circuit.config, FIRST_BOOT);
    serial_begin();
    puts("ready UART0");
    fflush(stdout);
    for (;;) {
        const bool busy = labrig_poll(&board);
        send();
        if (!busy) {
            sleep_if_idle();
        }
    }
}
