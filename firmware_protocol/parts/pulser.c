#include "pulser.h"

#define BYTES 8u
#define STOP 0x01u
#define BUSY 0xFFu

/* What the pulse was, once it is over or cut short: the device has felt it for so long. */
static void end_pulse(struct pulser *pulser, double seconds)
{
    pulser->under_way = false;
    pulser->give(pulser->context, pulser->branch, pulser->volts, seconds);
}

static double lasted(const struct pulser *pulser, uint64_t ns)
{
    return (double)(ns - pulser->begun) * 1e-9;
}

static void begin(void *part, uint64_t ns)
{
    struct pulser *pulser = part;
    pulser->count = 0;
    pulser->ns = ns;
    if (pulser->under_way && lasted(pulser, ns) >= pulser->seconds) {
        end_pulse(pulser, pulser->seconds);
    }
}

static uint8_t exchange(void *part, uint8_t in, const struct part_clock *clock)
{
    struct pulser *pulser = part;
    part_check_clock(&pulser_kind, &pulser->abuse, clock);
    if (pulser->count < BYTES) {
        pulser->bytes[pulser->count] = in;
    }
    pulser->count++;
    return pulser->under_way ? BUSY : 0;
}

static uint16_t two(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static void end(void *part)
{
    const struct pulser *pulser = part;
    (void)pulser; /* what follows needs the time: pulser_deselected */
}

void pulser_deselected(struct pulser *pulser, uint64_t ns)
{
    const uint8_t *bytes = pulser->bytes;
    if (pulser->count == 1u) {
        if (bytes[0] == STOP && pulser->under_way) {
            const double seconds = lasted(pulser, ns);
            end_pulse(pulser, seconds < pulser->seconds ? seconds : pulser->seconds);
        }
        return;
    }
    pulser->abuse.cut_short += pulser->count != BYTES;
    pulser->abuse.refused += pulser->under_way;
    if (pulser->count == BYTES && !pulser->under_way) {
        pulser->branch = two(bytes);
        pulser->volts = (int16_t)two(bytes + 2) * 1e-3;
        pulser->seconds = (two(bytes + 4) + 65536.0 * two(bytes + 6)) * 1e-8;
        pulser->begun = ns;
        pulser->under_way = true;
    }
}

const struct part_kind pulser_kind = {"the pulse generator", SAMPLES_RISING, 8e6, begin, exchange, end};
