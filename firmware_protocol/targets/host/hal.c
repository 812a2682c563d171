#include "hal.h"

#include <math.h>
#include <string.h>

#include "digest.h"
#include "labrig_protocol.h"
#include "packing.h"

static struct circuit *board;

void hal_attach(struct circuit *circuit)
{
    board = circuit;
}

uint32_t labrig_hal_write_wipers(uint16_t first, const uint16_t *codes, uint8_t count, uint32_t digest)
{
    for (uint8_t k = 0; k < count; k++) {
        circuit_write(board, (unsigned)first + k, codes[k]);
    }
    return labrig_digest_codes(digest, codes, count, UINT16_MAX);
}

uint16_t labrig_hal_read_wiper(uint16_t branch)
{
    return board->branches[branch].code;
}

static double highest(uint8_t bits)
{
    return (double)((1ul << bits) - 1u);
}

static void set_source(uint16_t driver, struct source source)
{
    board->sources[driver] = source;
    circuit_changed_source();
}

uint8_t labrig_hal_texts(uint8_t *to)
{
    memcpy(to, board->texts, board->texts_size);
    return board->texts_size;
}

void labrig_hal_drive(labrig_line driver, uint16_t dac_code)
{
    set_source(driver, (struct source){.kind = DRIVEN, .volts = circuit_level(board, driver, dac_code)});
}

void labrig_hal_drive_through(labrig_line driver, uint16_t dac_code, uint32_t nanosiemens)
{
    const double siemens = nanosiemens / (double)LABRIG_PER_NS;
    set_source(driver, (struct source){.kind = THROUGH, .volts = circuit_level(board, driver, dac_code), .siemens = siemens});
}

void labrig_hal_inject(labrig_line driver, int32_t picoamperes)
{
    set_source(driver, (struct source){.kind = INJECTED, .amperes = picoamperes / (double)LABRIG_PER_PA});
}

void labrig_hal_release(labrig_line driver)
{
    set_source(driver, (struct source){.kind = RELEASED});
}

void labrig_hal_settle(uint16_t steps)
{
    (void)steps; /* the circuit is solved as if it had always been so */
}

bool labrig_hal_settled(void)
{
    return true;
}

static uint16_t convert(uint16_t channel)
{
    const double volts = circuit_read(board, channel);
    const double top = highest(board->config.adc_bits);
    const double code = floor(volts / (board->adc_span / top) + 0.5);
    return (uint16_t)(code < 0.0 ? 0.0 : code > top ? top : code);
}

void labrig_hal_scan(labrig_line first, labrig_line count, uint8_t *codes, uint8_t apart)
{
    for (labrig_line k = 0; k < count; k++) {
        labrig_put_u16(codes + apart * k, convert((uint16_t)(first + k)));
    }
}

const struct labrig_pulse_range *labrig_hal_pulse_range(void)
{
    return &board->pulses;
}

void labrig_hal_pulse(uint16_t branch, int16_t millivolts, uint32_t width)
{
    circuit_pulse(board, branch, millivolts / (double)LABRIG_PER_MV, width / (double)LABRIG_PER_10NS);
}

bool labrig_hal_pulsed(void)
{
    return true;
}

uint16_t labrig_hal_supply_mv(void)
{
    return 5000;
}

int16_t labrig_hal_temperature_cdegc(void)
{
    return 2500;
}
