/* The part models against the examples and tables of their datasheets. */
#include "ad5270.h"
#include "ad5676.h"
#include "adg714.h"
#include "ads8688.h"
#include "check.h"
#include "mcp3208.h"
#include "mcp4351.h"
#include "pulser.h"

static const struct part_clock rising = {2e6, 0}, falling = {8e6, 1}, slow_falling = {1e6, 1};

static void transfer(const struct part_kind *kind, void *part, const struct part_clock *clock, uint8_t *bytes,
                     unsigned count)
{
    static uint64_t ns;
    ns += 10000;
    kind->select(part, ns);
    for (unsigned k = 0; k < count; k++) {
        bytes[k] = kind->exchange(part, bytes[k], clock);
    }
    kind->deselect(part);
}

#define TRANSFER(kind, part, clock, ...)                                                                               \
    uint8_t bytes[] = {__VA_ARGS__};                                                                                   \
    transfer(&kind, part, clock, bytes, sizeof bytes)

static void an_mcp4351_starts_at_mid_scale_and_takes_several_commands_in_one_selection(void)
{
    struct mcp4351 chip;
    mcp4351_power_on(&chip);
    CHECK(chip.wiper[0] == 0x80 && chip.wiper[3] == 0x80);
    TRANSFER(mcp4351_kind, &chip, &rising, 0x01, 0x00, 0x10, 0x07, 0x60, 0xFF, 0x70, 0x00);
    CHECK(chip.wiper[0] == 0x100 && chip.wiper[1] == 7 && chip.wiper[2] == 255 && chip.wiper[3] == 0);
    CHECK(bytes[0] == 0xFF && bytes[7] == 0xFF);
}

static void an_mcp4351_reads_steps_and_stops_at_its_ends(void)
{
    struct mcp4351 chip;
    mcp4351_power_on(&chip);
    chip.wiper[1] = 0xFF;
    TRANSFER(mcp4351_kind, &chip, &rising, 0x14, 0x14, 0x1C, 0x00, 0x08, 0x0C, 0x00);
    CHECK(bytes[2] == 0xFF && bytes[3] == 0x00); /* 0x100: incremented once, then at full scale */
    CHECK(chip.wiper[0] == 0x7F && bytes[5] == 0xFE && bytes[6] == 0x7F);
}

static void an_mcp4351_refuses_what_is_reserved_until_it_is_deselected(void)
{
    struct mcp4351 chip;
    mcp4351_power_on(&chip);
    TRANSFER(mcp4351_kind, &chip, &rising, 0x20, 0x05, 0x00, 0x05);
    CHECK(bytes[0] == 0xFC && bytes[1] == 0 && bytes[3] == 0);
    CHECK(chip.abuse.refused == 1 && chip.wiper[0] == 0x80);
    uint8_t again[] = {0x00, 0x05};
    transfer(&mcp4351_kind, &chip, &rising, again, 2);
    CHECK(chip.wiper[0] == 5);
}

static void an_ad5270_takes_writes_once_it_is_told_to_and_answers_in_the_next_frame(void)
{
    struct ad5270 chip;
    ad5270_power_on(&chip);
    uint8_t early[] = {0x05, 0x00}, unlock[] = {0x1C, 0x02}, write[] = {0x05, 0x00}, read[] = {0x08, 0x00}, none[] = {0, 0};
    transfer(&ad5270_kind, &chip, &falling, early, 2);
    CHECK(chip.wiper == 512 && chip.abuse.refused == 1);
    transfer(&ad5270_kind, &chip, &falling, unlock, 2);
    transfer(&ad5270_kind, &chip, &falling, write, 2);
    CHECK(chip.wiper == 0x100);
    transfer(&ad5270_kind, &chip, &slow_falling, read, 2);
    transfer(&ad5270_kind, &chip, &slow_falling, none, 2);
    CHECK(none[0] == 0x01 && none[1] == 0x00 && chip.abuse.too_fast == 0);
}

static void an_ad5270_counts_frames_cut_short_and_reads_above_what_its_output_can_do(void)
{
    struct ad5270 chip;
    ad5270_power_on(&chip);
    uint8_t half[] = {0x08}, read[] = {0x08, 0x00}, none[] = {0, 0};
    transfer(&ad5270_kind, &chip, &falling, half, 1);
    CHECK(chip.abuse.cut_short == 1);
    transfer(&ad5270_kind, &chip, &falling, read, 2);
    transfer(&ad5270_kind, &chip, &falling, none, 2);
    CHECK(chip.abuse.too_fast == 2);
}

static void an_ad5676_updates_one_channel_when_chip_select_rises(void)
{
    struct ad5676 chip;
    ad5676_power_on(&chip);
    uint8_t input_only[] = {0x12, 0x12, 0x34}, update[] = {0x22, 0, 0}, both[] = {0x37, 0xAB, 0xCD}, nowhere[] = {0x38, 1, 2};
    transfer(&ad5676_kind, &chip, &falling, input_only, 3);
    CHECK(chip.output[2] == 0);
    transfer(&ad5676_kind, &chip, &falling, update, 3);
    CHECK(chip.output[2] == 0x1234);
    transfer(&ad5676_kind, &chip, &falling, both, 3);
    CHECK(chip.output[7] == 0xABCD);
    transfer(&ad5676_kind, &chip, &falling, nowhere, 3);
    transfer(&ad5676_kind, &chip, &falling, both, 2);
    CHECK(chip.abuse.refused == 1 && chip.abuse.cut_short == 1);
}

static void an_adg714_is_open_after_power_up_and_keeps_the_last_eight_bits(void)
{
    struct adg714 chip = {0};
    TRANSFER(adg714_kind, &chip, &falling, 0xFF, 0x81);
    CHECK(chip.closed == 0x81 && bytes[1] == 0xFF);
}

static double level(const void *circuit, unsigned chip, unsigned input)
{
    return ((const double *)circuit)[8u * chip + input];
}

static void an_ads8688_converts_the_input_that_the_frame_before_has_chosen(void)
{
    const double volts[8] = {0.0, 1.0, 2.5, 0.0, 0.0, 9.0, -1.0, 5.0};
    struct ads8688 chip = {.volts = level, .circuit = volts, .span = 5.0};
    ads8688_power_on(&chip);
    for (unsigned input = 0; input < 8; input++) {
        uint8_t range[] = {(uint8_t)((5u + input) << 1 | 1u), 0x06, 0};
        transfer(&ads8688_kind, &chip, &falling, range, 3);
    }
    const uint8_t order[] = {1, 2, 7, 5, 6, 0};
    const unsigned codes[] = {13107, 32768, 65535, 65535, 0};
    for (unsigned k = 0; k < 6; k++) {
        uint8_t frame[] = {(uint8_t)(0xC0u + 4u * order[k]), 0, 0, 0};
        transfer(&ads8688_kind, &chip, &falling, frame, 4);
        CHECK(k == 0 || (unsigned)(frame[2] << 8 | frame[3]) == codes[k - 1]);
    }
    CHECK(chip.abuse.too_soon == 0 && chip.abuse.refused == 0);
}

static void an_ads8688_is_bipolar_after_power_up_and_counts_conversions_that_come_too_soon(void)
{
    const double volts[8] = {0.0};
    struct ads8688 chip = {.volts = level, .circuit = volts, .span = 5.0};
    ads8688_power_on(&chip);
    ads8688_kind.select(&chip, 1000);
    CHECK(chip.code == 32768);
    ads8688_kind.select(&chip, 2999);
    CHECK(chip.abuse.too_soon == 1);
    ads8688_kind.select(&chip, 4999);
    CHECK(chip.abuse.too_soon == 1);
}

static void an_mcp3208_answers_as_in_its_figure_for_a_microcontroller_with_bytes(void)
{
    const double volts[8] = {0.0, 0.0, 0.0, 0.0, 0.0, 2.048, 0.0, 4.095};
    struct mcp3208 chip = {.volts = level, .circuit = volts, .span = 4.095};
    TRANSFER(mcp3208_kind, &chip, &rising, 0x07, 0x40, 0x00);
    CHECK((bytes[1] & 0x1Fu) == 0x08 && bytes[2] == 0x00); /* null bit, then 2048 */
    uint8_t seventh[] = {0x07, 0xC0, 0x00};
    transfer(&mcp3208_kind, &chip, &rising, seventh, 3);
    CHECK((seventh[1] & 0x1Fu) == 0x0F && seventh[2] == 0xFF);
}

static void clocks_beyond_a_datasheet_are_counted_by_byte(void)
{
    const double volts[8] = {0.0};
    struct mcp3208 chip = {.volts = level, .circuit = volts, .span = 4.095};
    const struct part_clock fast = {2.1e6, 0}, wrong = {1e6, 1};
    uint8_t one[] = {0x06, 0, 0}, two[] = {0x06, 0, 0}, cut[] = {0x06, 0};
    transfer(&mcp3208_kind, &chip, &fast, one, 3);
    CHECK(chip.abuse.too_fast == 3 && chip.abuse.wrong_mode == 0);
    transfer(&mcp3208_kind, &chip, &wrong, two, 3);
    CHECK(chip.abuse.too_fast == 3 && chip.abuse.wrong_mode == 3);
    transfer(&mcp3208_kind, &chip, &rising, cut, 2);
    CHECK(chip.abuse.cut_short == 1);
}

struct given {
    unsigned branch, count;
    double volts, seconds;
};

static void note(void *context, unsigned branch, double volts, double seconds)
{
    struct given *given = context;
    *given = (struct given){branch, given->count + 1u, volts, seconds};
}

static uint8_t pulser_frame(struct pulser *pulser, uint64_t us, const uint8_t *bytes, unsigned count)
{
    uint8_t told = 0;
    pulser_kind.select(pulser, 1000u * us);
    for (unsigned k = 0; k < count; k++) {
        const uint8_t out = pulser_kind.exchange(pulser, bytes[k], &rising);
        told = k == 0 ? out : told;
    }
    pulser_kind.deselect(pulser);
    pulser_deselected(pulser, 1000u * us);
    return told;
}

static const uint8_t ask[] = {0x00}, stop[] = {0x01};
/* Branch 258, -1000 mV, 100 us. */
static const uint8_t reset_pulse[] = {0x02, 0x01, 0x18, 0xFC, 0x10, 0x27, 0x00, 0x00};

static void a_pulse_is_felt_for_its_width_and_the_generator_is_busy_meanwhile(void)
{
    struct given given = {0};
    struct pulser pulser = {.give = note, .context = &given};
    CHECK(pulser_frame(&pulser, 10, reset_pulse, sizeof reset_pulse) == 0x00);
    CHECK(pulser_frame(&pulser, 109, ask, 1) == 0xFF && given.count == 0);
    CHECK(pulser_frame(&pulser, 110, ask, 1) == 0x00 && given.count == 1);
    CHECK(given.branch == 258 && given.volts > -1.0001 && given.volts < -0.9999);
    CHECK(given.seconds > 99.999e-6 && given.seconds < 100.001e-6);
    CHECK(pulser.abuse.refused == 0 && pulser.abuse.cut_short == 0);
}

static void a_pulse_that_is_stopped_is_felt_for_as_long_as_it_lasted(void)
{
    struct given given = {0};
    struct pulser pulser = {.give = note, .context = &given};
    (void)pulser_frame(&pulser, 10, reset_pulse, sizeof reset_pulse);
    CHECK(pulser_frame(&pulser, 40, stop, 1) == 0xFF);
    CHECK(given.count == 1 && given.seconds > 29.999e-6 && given.seconds < 30.001e-6);
    CHECK(pulser_frame(&pulser, 50, stop, 1) == 0x00 && given.count == 1);
}

static void a_generator_refuses_a_pulse_upon_another_and_frames_cut_short(void)
{
    struct given given = {0};
    struct pulser pulser = {.give = note, .context = &given};
    (void)pulser_frame(&pulser, 10, reset_pulse, sizeof reset_pulse);
    (void)pulser_frame(&pulser, 20, reset_pulse, sizeof reset_pulse);
    CHECK(pulser.abuse.refused == 1);
    (void)pulser_frame(&pulser, 200, reset_pulse, 7);
    CHECK(pulser.abuse.cut_short == 1 && given.count == 1 && !pulser.under_way);
}

int checks_made, checks_failed;

int main(void)
{
    an_mcp4351_starts_at_mid_scale_and_takes_several_commands_in_one_selection();
    an_mcp4351_reads_steps_and_stops_at_its_ends();
    an_mcp4351_refuses_what_is_reserved_until_it_is_deselected();
    an_ad5270_takes_writes_once_it_is_told_to_and_answers_in_the_next_frame();
    an_ad5270_counts_frames_cut_short_and_reads_above_what_its_output_can_do();
    an_ad5676_updates_one_channel_when_chip_select_rises();
    an_adg714_is_open_after_power_up_and_keeps_the_last_eight_bits();
    an_ads8688_converts_the_input_that_the_frame_before_has_chosen();
    an_ads8688_is_bipolar_after_power_up_and_counts_conversions_that_come_too_soon();
    an_mcp3208_answers_as_in_its_figure_for_a_microcontroller_with_bytes();
    clocks_beyond_a_datasheet_are_counted_by_byte();
    a_pulse_is_felt_for_its_width_and_the_generator_is_busy_meanwhile();
    a_pulse_that_is_stopped_is_felt_for_as_long_as_it_lasted();
    a_generator_refuses_a_pulse_upon_another_and_frames_cut_short();
    printf("parts: %d checks, %d failed\n", checks_made, checks_failed);
    return checks_failed != 0;
}
