/* Registers of the LM3S6965 that are used here; names and addresses as in its data sheet. */
#ifndef LM3S6965_H
#define LM3S6965_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* System control */
#define RIS REGISTER(0x400FE050u)
#define RIS_PLLLRIS (1u << 6)
#define RCC REGISTER(0x400FE060u)
#define RCC_SYSDIV_MASK (0xFu << 23)
#define RCC_SYSDIV(divisor) (((divisor) - 1u) << 23)
#define RCC_USESYSDIV (1u << 22)
#define RCC_PWRDN (1u << 13)
#define RCC_BYPASS (1u << 11)
#define RCC_XTAL_MASK (0xFu << 6)
#define RCC_XTAL_8MHZ (0xEu << 6)
#define RCC_OSCSRC_MASK (3u << 4) /* 0: the main oscillator */
#define RCC_MOSCDIS (1u << 0)
#define RCGC1 REGISTER(0x400FE104u)
#define RCGC1_UART0 (1u << 0)
#define RCGC2 REGISTER(0x400FE108u)
#define RCGC2_GPIOA (1u << 0)

/* Port A, whose pins 0 and 1 are those of UART0 */
#define GPIOA_AFSEL REGISTER(0x40004420u)
#define GPIOA_DEN REGISTER(0x4000451Cu)
#define GPIOA_UART0 (3u << 0)

/* UART0 */
#define UART0_DR REGISTER(0x4000C000u)
#define UART0_FR REGISTER(0x4000C018u)
#define UART_FR_TXFF (1u << 5)
#define UART_FR_RXFE (1u << 4)
#define UART0_IBRD REGISTER(0x4000C024u)
#define UART0_FBRD REGISTER(0x4000C028u)
#define UART0_LCRH REGISTER(0x4000C02Cu)
#define UART_LCRH_8BITS (3u << 5)
#define UART_LCRH_FEN (1u << 4)
#define UART0_CTL REGISTER(0x4000C030u)
#define UART_CTL_RXE (1u << 9)
#define UART_CTL_TXE (1u << 8)
#define UART_CTL_UARTEN (1u << 0)
#define UART0_IM REGISTER(0x4000C038u)
#define UART_IM_RTIM (1u << 6) /* bytes have waited for 32 bits' time */
#define UART_IM_RXIM (1u << 4)

/* Of the Cortex-M3 */
#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_CSR_PROCESSOR_CLOCK (1u << 2)
#define SYST_CSR_TICKINT (1u << 1)
#define SYST_CSR_ENABLE (1u << 0)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define NVIC_ISER0 REGISTER(0xE000E100u)
#define INTERRUPT_UART0 5u

#endif
