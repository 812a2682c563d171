#include "row.h"

#define LATENT_TOP 0xFFFFFFul

static uint32_t difference_of_squares(uint16_t a, uint16_t b)
{
    const uint16_t difference = a > b ? (uint16_t)(a - b) : (uint16_t)(b - a);
    const uint16_t sum = (uint16_t)(a + b);
    const uint32_t product = (uint32_t)difference * sum;
    return sum >= a ? product : product + ((uint32_t)difference << 16);
}

uint32_t labrig_row_change(const struct labrig_learn_request *request, uint16_t a, uint16_t b)
{
    const uint32_t difference = difference_of_squares(a, b);
    const uint32_t low = (difference & 0xFFFFu) * request->rate;
    const uint32_t high = (difference >> 16) * request->rate + (low >> 16); /* of a product of 40 bits */
    switch (request->shift) {
    case 8: return (high << 8) + ((low & 0xFFFFu) >> 8) + ((low >> 7) & 1u);
    case 16: return high + ((low >> 15) & 1u);
    case 24: return (high >> 8) + ((high >> 7) & 1u);
    default: return (high >> 16) + ((high >> 15) & 1u);
    }
}

uint16_t labrig_row_weight(uint16_t offset, uint8_t code)
{
    const uint16_t middle = (uint16_t)(128u * code + offset + 64u);
    if (middle > 8192u) {
        return middle;
    }
    const uint16_t less = (uint16_t)((uint16_t)(4096u + middle / 2u) / middle);
    return (uint16_t)(middle - less);
}

/* Whether the latent times the weight, over 256, reaches the law. The lower byte adds less than the weight, and seldom
 * decides. */
static bool reaches(uint32_t latent, uint16_t weight, uint32_t law)
{
    const uint32_t high = (uint32_t)(uint16_t)(latent >> 8) * weight;
    if (high >= law) {
        return true;
    }
    return law - high <= weight && high + (((uint32_t)(uint8_t)latent * weight) >> 8) >= law;
}

uint8_t labrig_row_code(const struct labrig_learn_request *request, uint32_t latent, uint8_t code)
{
    if (code < request->lowest) {
        code = request->lowest;
    }
    if (code > request->highest) {
        code = request->highest;
    }
    if (!reaches(latent, labrig_row_weight(request->offset, code), request->law)) {
        while (code < request->highest) {
            code++;
            if (reaches(latent, labrig_row_weight(request->offset, code), request->law)) {
                break;
            }
        }
        return code;
    }
    while (code > request->lowest && reaches(latent, labrig_row_weight(request->offset, (uint8_t)(code - 1u)), request->law)) {
        code--;
    }
    return code;
}

static uint16_t distance(uint16_t a, uint16_t b)
{
    return a > b ? (uint16_t)(a - b) : (uint16_t)(b - a);
}

static uint32_t moved(const struct labrig_row *row, const uint16_t *to, uint32_t latent)
{
    const uint16_t free = distance(row->free, to[0]), clamped = distance(row->clamped, to[LABRIG_MAX_LINES]);
    const uint32_t change = labrig_row_change(&row->request, free, clamped);
    if (free < clamped) {
        return change < latent ? latent - change : 0;
    }
    return change < LATENT_TOP - latent ? latent + change : LATENT_TOP;
}

static uint32_t projected(struct labrig_row *row, uint32_t latent)
{
    if (latent < row->request.floor) {
        row->learnt.at_floor++;
        return row->request.floor;
    }
    if (latent > row->request.ceiling) {
        row->learnt.at_ceiling++;
        return row->request.ceiling;
    }
    return latent;
}

__attribute__((weak)) void labrig_row_update(struct labrig_row *row)
{
    for (labrig_line k = 0; k < row->outputs; k++) {
        uint32_t latent = (uint32_t)row->high[k] << 8 | row->codes[k] >> 8;
        const uint8_t before = (uint8_t)row->codes[k];
        uint8_t code = before;
        if (row->usable) {
            latent = moved(row, &row->to[k], latent);
        }
        if (row->convert != LABRIG_CONVERT_NONE) {
            latent = projected(row, latent);
            code = labrig_row_code(&row->request, latent, before);
        }
        row->high[k] = (uint16_t)(latent >> 8);
        row->codes[k] = (uint16_t)((uint16_t)((uint8_t)latent << 8) | code);
        if (code != before) {
            labrig_row_send(row, &row->codes[k]);
        }
    }
    row->codes += row->outputs;
    row->high += row->outputs;
    row->first = (uint16_t)(row->first + row->outputs);
}

void labrig_row_send(struct labrig_row *row, const uint16_t *code)
{
    const uint16_t wide = (uint8_t)*code;
    (void)labrig_hal_write_wipers((uint16_t)(row->first + (uint16_t)(code - row->codes)), &wide, 1, 0);
    row->changed++;
}
