/* The clock: 50 MHz from the crystal, and milliseconds from SysTick. */
#ifndef LM3S6965_CLOCK_H
#define LM3S6965_CLOCK_H

#define CLOCK_HZ 50000000u

void clock_begin(void);

#endif
