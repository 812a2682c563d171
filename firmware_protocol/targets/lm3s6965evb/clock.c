#include "clock.h"

#include "interrupts.h"
#include "labrig_hal.h"
#include "lm3s6965.h"

#define PLL_HZ 200000000u

static volatile uint32_t milliseconds;

void systick_interrupt(void)
{
    milliseconds++;
}

/* In the order of the data sheet, "Initialization and Configuration" of the system control. */
static void run_from_pll(void)
{
    RCC |= RCC_BYPASS;
    RCC &= ~RCC_USESYSDIV;
    RCC &= ~RCC_MOSCDIS;
    RCC = (RCC & ~(RCC_XTAL_MASK | RCC_OSCSRC_MASK | RCC_PWRDN)) | RCC_XTAL_8MHZ;
    RCC = (RCC & ~RCC_SYSDIV_MASK) | RCC_SYSDIV(PLL_HZ / CLOCK_HZ) | RCC_USESYSDIV;
    while ((RIS & RIS_PLLLRIS) == 0) {
    }
    RCC &= ~RCC_BYPASS;
}

void clock_begin(void)
{
    run_from_pll();
    SYST_RVR = CLOCK_HZ / 1000u - 1u;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_PROCESSOR_CLOCK | SYST_CSR_TICKINT | SYST_CSR_ENABLE;
}

uint32_t labrig_hal_milliseconds(void)
{
    return milliseconds;
}
