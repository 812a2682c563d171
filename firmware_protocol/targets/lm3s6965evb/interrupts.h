/* What the vectors name. */
#ifndef LM3S6965_INTERRUPTS_H
#define LM3S6965_INTERRUPTS_H

void systick_interrupt(void);
void uart0_interrupt(void);

#endif
