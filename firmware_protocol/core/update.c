#include "update.h"

#include "commands.h"

#define LATENT_TOP 0xFFFFFF

static int16_t within_16_bits(int32_t value)
{
    return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : (int16_t)value;
}

void labrig_update_prepare(uint8_t rate, labrig_line lines, struct labrig_term *terms)
{
    for (; lines > 0; lines--, terms++) {
        const uint16_t free = (uint16_t)terms->pull, clamped = terms->level;
        const uint16_t mean = (uint16_t)(((uint32_t)free + clamped) >> 1);
        terms->pull = within_16_bits((int32_t)free - clamped);
        terms->level = (uint16_t)(((uint32_t)mean * rate) >> 8);
    }
}

int32_t labrig_update_change(const struct labrig_learn_request *request, const struct labrig_term *input,
                             const struct labrig_term *output)
{
    const int16_t pull = within_16_bits((int32_t)output->pull - input->pull);
    const int16_t level = (int16_t)(output->level - input->level);
    return ((int32_t)pull * level + (int32_t)(1ul << (request->shift - 1u))) >> request->shift;
}

/* Whether the latent times what it is weighed with at a code, over 2^16, comes to the law. */
static bool reaches(const struct labrig_learn_request *request, uint32_t latent, uint8_t code)
{
    const uint16_t weight = (uint16_t)(128u * code + request->offset + 64u);
    const uint32_t high = (uint32_t)(uint16_t)(latent >> 8) * weight;
    const uint32_t low = (uint32_t)(uint8_t)latent * weight;
    return (high + (low >> 8)) >> 8 >= request->law;
}

uint8_t labrig_update_code(const struct labrig_learn_request *request, uint32_t latent, uint8_t code)
{
    if (code < request->lowest) {
        code = request->lowest;
    }
    if (code > request->highest) {
        code = request->highest;
    }
    if (reaches(request, latent, code)) {
        while (code > request->lowest && reaches(request, latent, (uint8_t)(code - 1u))) {
            code--;
        }
        return code;
    }
    while (code < request->highest) {
        code++;
        if (reaches(request, latent, code)) {
            break;
        }
    }
    return code;
}

static uint32_t moved(uint32_t latent, int32_t change)
{
    const int32_t sum = (int32_t)latent + change;
    return sum < 0 ? 0 : sum > LATENT_TOP ? LATENT_TOP : (uint32_t)sum;
}

static uint32_t projected(struct labrig_update *update, uint32_t latent, uint8_t code)
{
    if (code == update->request.highest && latent < update->request.floor) {
        update->learnt.at_floor++;
        latent = update->request.floor;
    }
    if (code == update->request.lowest && latent > update->request.ceiling) {
        update->learnt.at_ceiling++;
        latent = update->request.ceiling;
    }
    return latent;
}

__attribute__((weak)) void labrig_update_all(struct labrig_board *board)
{
    struct labrig_update *update = &board->learn.update;
    uint16_t *codes = board->image, *high = board->learn.high;
    const struct labrig_config *config = board->config;
    struct labrig_term *const terms = board->drivers.terms, *const outputs = terms + config->inputs;
    uint16_t branch = 0;
    labrig_update_prepare(update->request.rate, labrig_drivers(config), terms);
    for (labrig_line i = 0; i < config->inputs; i++) {
        for (labrig_line j = 0; j < config->outputs; j++, branch++) {
            uint32_t latent = (uint32_t)high[branch] << 8 | codes[branch] >> 8;
            const uint8_t before = (uint8_t)codes[branch];
            const int32_t change = labrig_update_change(&update->request, &terms[i], &outputs[j]);
            uint16_t code = before;
            latent = moved(latent, change);
            if (update->convert == LABRIG_CONVERT_ALL || (update->convert == LABRIG_CONVERT_MOVED && change != 0)) {
                code = labrig_update_code(&update->request, latent, before);
                latent = projected(update, latent, (uint8_t)code);
            }
            high[branch] = (uint16_t)(latent >> 8);
            codes[branch] = (uint16_t)((uint16_t)((uint8_t)latent << 8) | code);
            if (code != before) {
                (void)labrig_hal_write_wipers(branch, &code, 1, 0);
                board->codes_written++;
            }
        }
    }
}
