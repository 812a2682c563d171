#include "memristor.h"

double memristor_draw(uint32_t seed, uint32_t branch, uint32_t what)
{
    uint64_t z = (((uint64_t)seed << 32) + 4ull * branch + what + 1u) * 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z ^= z >> 31;
    return ((double)(z >> 32) - 2147483648.0) / 2147483648.0;
}

struct memristor memristor_made(const struct memristors *model, uint32_t branch, double siemens)
{
    struct memristor device = {.state = (siemens - model->least) / (model->most - model->least)};
    for (uint32_t k = 0; k < DIRECTIONS; k++) {
        device.threshold[k] = model->threshold[k] * (1.0 + model->spread * memristor_draw(model->seed, branch, k));
        device.speed[k] = model->speed[k] * (1.0 + model->spread * memristor_draw(model->seed, branch, DIRECTIONS + k));
    }
    return device;
}

double memristor_conductance(const struct memristors *model, const struct memristor *device)
{
    return model->least + (model->most - model->least) * device->state;
}

void memristor_pulse(struct memristor *device, double volts, double seconds)
{
    const enum direction direction = volts > 0.0 ? SETTING : RESETTING;
    const double over = (volts > 0.0 ? volts : -volts) / device->threshold[direction] - 1.0;
    if (over <= 0.0) {
        return;
    }
    const double kept = 1.0 / (1.0 + device->speed[direction] * seconds * over * over);
    device->state = direction == SETTING ? 1.0 - (1.0 - device->state) * kept : device->state * kept;
}
