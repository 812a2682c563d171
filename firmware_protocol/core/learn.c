#include "learn.h"

#include <stddef.h>

#include "commands.h"
#include "digest.h"
#include "labrig_protocol.h"
#include "measure.h"
#include "packing.h"

#define LATENT_BYTES 3u
#define LATENT_TOP 0xFFFFFFul
#define READING_BITS 16u
#define OFFSET_MAX 0x7FFFu
#define CHANNELS_A_CALL 8u
#define CODES_A_CALL 32u

_Static_assert(LABRIG_MAX_LATENTS <= LABRIG_MAX_BRANCHES, "half of a latent lies in the image");

bool labrig_can_learn(const struct labrig_config *config)
{
    return (config->features & LABRIG_FEATURE_LEARN) != 0 && config->branches <= LABRIG_MAX_LATENTS
        && config->branches == (uint32_t)config->inputs * config->outputs;
}

/* Latents. */

static uint32_t latent_of(const struct labrig_board *board, uint16_t branch)
{
    return (uint32_t)board->learn.high[branch] << 8 | board->image[branch] >> 8;
}

static void keep_latent(struct labrig_board *board, uint16_t branch, uint32_t latent, uint8_t code)
{
    board->learn.high[branch] = (uint16_t)(latent >> 8);
    board->image[branch] = (uint16_t)((uint16_t)((uint8_t)latent << 8) | code);
}

void labrig_learn_forget(struct labrig_board *board)
{
    if (board->learn.loaded == 0) {
        return;
    }
    for (uint16_t k = 0; k < board->config->branches; k++) {
        board->image[k] = (uint8_t)board->image[k];
    }
    board->learn.loaded = 0;
    board->digested = 0;
    board->digest = 0;
}

/* LATENT_WRITE and LATENT_READ begin alike. */
static uint8_t read_span(const struct labrig_board *board, struct labrig_span *span)
{
    return labrig_can_learn(board->config) ? labrig_span_read(board, span) : LABRIG_STATUS_UNKNOWN;
}

/* Beside a latent there is room for a code of eight bits. */
static bool codes_fit(const struct labrig_board *board)
{
    for (uint16_t k = 0; k < board->config->branches; k++) {
        if (board->image[k] > UINT8_MAX) {
            return false;
        }
    }
    return true;
}

uint8_t labrig_latent_write(struct labrig_board *board)
{
    struct labrig_span span;
    struct labrig_learn *learn = &board->learn;
    const uint8_t status = read_span(board, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    if (board->asked.length != LABRIG_LATENT_WRITE_REQUEST_SIZE + (uint32_t)LATENT_BYTES * span.count) {
        return LABRIG_STATUS_LENGTH;
    }
    if (span.start > learn->loaded || (learn->loaded == 0 && !codes_fit(board))) {
        return LABRIG_STATUS_RANGE;
    }
    (void)labrig_image_digest(board); /* of the codes alone, as long as nothing lies beside them */
    const uint8_t *at = board->asked.payload + LABRIG_LATENT_WRITE_REQUEST_LATENTS_AT;
    for (uint16_t k = span.start; k < span.start + span.count; k++, at += LATENT_BYTES) {
        keep_latent(board, k, (uint32_t)labrig_get_u16(at) | (uint32_t)at[2] << 16, (uint8_t)board->image[k]);
    }
    if (span.start + span.count > learn->loaded) {
        learn->loaded = (uint16_t)(span.start + span.count);
    }
    return LABRIG_STATUS_OK;
}

uint8_t labrig_latent_read(struct labrig_board *board)
{
    struct labrig_span span;
    const uint8_t status = read_span(board, &span);
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    if (board->asked.length != LABRIG_LATENT_READ_REQUEST_SIZE || LATENT_BYTES * span.count > LABRIG_MAX_PAYLOAD) {
        return LABRIG_STATUS_LENGTH;
    }
    if (span.start + span.count > board->learn.loaded) {
        return LABRIG_STATUS_RANGE;
    }
    uint8_t *at = board->asked.reply;
    for (uint16_t k = span.start; k < span.start + span.count; k++, at += LATENT_BYTES) {
        const uint32_t latent = latent_of(board, k);
        labrig_put_u16(at, (uint16_t)latent);
        at[2] = (uint8_t)(latent >> 16);
    }
    board->asked.answered = (uint8_t)(LATENT_BYTES * span.count);
    return LABRIG_STATUS_OK;
}

/* The request. */

static void read_head(struct labrig_learn_request *head, const uint8_t *payload)
{
    head->settle = labrig_get_u16(payload + LABRIG_LEARN_REQUEST_SETTLE_AT);
    head->averages = payload[LABRIG_LEARN_REQUEST_AVERAGES_AT];
    head->steps = labrig_get_u16(payload + LABRIG_LEARN_REQUEST_STEPS_AT);
    head->rate = labrig_get_u16(payload + LABRIG_LEARN_REQUEST_RATE_AT);
    head->shift = payload[LABRIG_LEARN_REQUEST_SHIFT_AT];
    head->law = labrig_get_u32(payload + LABRIG_LEARN_REQUEST_LAW_AT);
    head->offset = labrig_get_u16(payload + LABRIG_LEARN_REQUEST_OFFSET_AT);
    head->lowest = payload[LABRIG_LEARN_REQUEST_LOWEST_AT];
    head->highest = payload[LABRIG_LEARN_REQUEST_HIGHEST_AT];
    head->floor = labrig_get_u32(payload + LABRIG_LEARN_REQUEST_FLOOR_AT);
    head->ceiling = labrig_get_u32(payload + LABRIG_LEARN_REQUEST_CEILING_AT);
    head->boundaries = payload[LABRIG_LEARN_REQUEST_BOUNDARIES_AT];
}

static bool head_possible(const struct labrig_learn_request *head, const struct labrig_config *config,
                          uint16_t heartbeat_ms)
{
    return head->averages >= 1 && head->averages <= LABRIG_MAX_AVERAGES && head->steps != 0
        && (head->shift == 16 || head->shift == 24 || head->shift == 32 || head->shift == 40)
        && head->offset <= OFFSET_MAX && head->lowest >= config->code_min && head->lowest <= head->highest
        && head->highest <= config->code_max && head->floor <= head->ceiling && head->ceiling <= LATENT_TOP
        && head->boundaries != 0 && head->boundaries % 2u == 0
        && labrig_settles_within(head->settle, head->boundaries, heartbeat_ms);
}

static void begin_step(struct labrig_learn *learn)
{
    learn->cursor = learn->body;
    learn->imposed = 0;
    learn->at_floor = 0;
    learn->at_ceiling = 0;
    learn->phase = LABRIG_LEARN_IMPOSE;
}

uint8_t labrig_learn(struct labrig_board *board)
{
    const struct labrig_request *request = &board->asked;
    struct labrig_learn *learn = &board->learn;
    if (!labrig_can_learn(board->config)) {
        return LABRIG_STATUS_UNKNOWN;
    }
    if (request->length < LABRIG_LEARN_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    if (!board->armed) {
        return LABRIG_STATUS_NOT_ARMED;
    }
    read_head(&learn->request, request->payload);
    learn->body.at = request->payload + LABRIG_LEARN_REQUEST_BODY_AT;
    learn->body.end = request->payload + request->length;
    if (!head_possible(&learn->request, board->config, board->heartbeat_ms)
        || learn->loaded != board->config->branches) {
        return LABRIG_STATUS_RANGE;
    }
    const uint8_t status = labrig_boundaries_check(&board->drivers, learn->body, learn->request.boundaries, true,
                                                   LABRIG_SECTION_STORE | LABRIG_SECTION_TOWARD); /* readings lie where a reference would */
    if (status != LABRIG_STATUS_OK) {
        return status;
    }
    learn->reply = request->reply;
    learn->began_ms = labrig_hal_milliseconds();
    learn->done = 0;
    learn->unused = 0;
    board->drivers.known &= LABRIG_SECTION_INPUTS;
    begin_step(learn);
    return LABRIG_STATUS_OK;
}

/* The states. */

static void impose(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    (void)labrig_drivers_impose(&board->drivers, &learn->cursor);
    labrig_hal_settle(learn->request.settle);
    if (learn->imposed % 2u == 0) {
        learn->usable = true;
    }
    learn->place = 0;
    learn->phase = LABRIG_LEARN_SETTLE;
}

/* A sum of conversions in 16 bits, rounded where it has more. */
static uint16_t in_reading_bits(uint32_t sum, uint8_t bits)
{
    if (bits <= READING_BITS) {
        return (uint16_t)(sum << (READING_BITS - bits));
    }
    const uint8_t more = (uint8_t)(bits - READING_BITS);
    return (uint16_t)((sum + ((uint32_t)1 << (more - 1u))) >> more);
}

static void scan(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    const struct labrig_config *config = board->config;
    const labrig_line lines = labrig_drivers(config);
    const uint8_t averages = learn->request.averages, bits = labrig_sum_bits(config->adc_bits, averages);
    const uint32_t top = (uint32_t)averages * (uint16_t)(((uint32_t)1 << config->adc_bits) - 1u);
    for (uint8_t n = CHANNELS_A_CALL; n > 0 && learn->place < lines; n--, learn->place++) {
        const uint32_t sum = labrig_convert(config, (labrig_line)learn->place, averages);
        if ((sum == 0 || sum == top) && !labrig_drivers_drives(&board->drivers, (labrig_line)learn->place)) {
            learn->usable = false;
        }
        struct labrig_reading *reading = &board->drivers.readings[learn->place];
        *(learn->imposed % 2u == 0 ? &reading->free : &reading->clamped) = in_reading_bits(sum, bits);
    }
    if (learn->place < lines) {
        return;
    }
    board->states++;
    learn->imposed++;
    learn->place = 0;
    learn->phase = learn->imposed % 2u == 0 ? LABRIG_LEARN_UPDATE : LABRIG_LEARN_IMPOSE;
    if (learn->phase == LABRIG_LEARN_UPDATE && !learn->usable) {
        learn->unused++;
    }
}

/* The arithmetic. */

static inline uint32_t difference_of_squares(uint16_t a, uint16_t b)
{
    const uint16_t difference = a > b ? (uint16_t)(a - b) : (uint16_t)(b - a);
    const uint16_t sum = (uint16_t)(a + b);
    const uint32_t product = (uint32_t)difference * sum;
    return sum >= a ? product : product + ((uint32_t)difference << 16);
}

static inline uint32_t change_of(const struct labrig_learn_request *request, uint16_t a, uint16_t b)
{
    const uint32_t difference = difference_of_squares(a, b);
    const uint16_t high = (uint16_t)(difference >> 16);
    uint32_t product = ((uint32_t)(uint16_t)difference * request->rate) >> 16;
    if (high != 0) {
        product += (uint32_t)high * request->rate;
    }
    switch (request->shift) {
    case 16: return product;
    case 24: return (product >> 8) + ((product >> 7) & 1u);
    case 32: return (product >> 16) + ((product >> 15) & 1u);
    default: return (product >> 24) + ((product >> 23) & 1u);
    }
}

uint32_t labrig_learn_change(const struct labrig_learn_request *request, uint16_t a, uint16_t b)
{
    return change_of(request, a, b);
}

static inline uint16_t weight_of(uint16_t offset, uint8_t code)
{
    const uint16_t middle = (uint16_t)(128u * code + offset + 64u);
    if (middle > 8192u) {
        return middle;
    }
    const uint16_t less = (uint16_t)((uint16_t)(4096u + middle / 2u) / middle);
    return (uint16_t)(middle - less);
}

uint16_t labrig_learn_weight(uint16_t offset, uint8_t code)
{
    return weight_of(offset, code);
}

/* Whether the latent times the weight, over 256, reaches the law; the lower byte seldom decides. */
static inline bool reaches(uint32_t latent, uint16_t weight, uint32_t law)
{
    const uint32_t high = (uint32_t)(uint16_t)(latent >> 8) * weight;
    if (high >= law) {
        return true;
    }
    return law - high <= weight && high + (((uint32_t)(uint8_t)latent * weight) >> 8) >= law;
}

static inline uint8_t code_near(const struct labrig_learn_request *request, uint32_t latent, uint8_t code)
{
    if (code < request->lowest) {
        code = request->lowest;
    }
    if (code > request->highest) {
        code = request->highest;
    }
    if (!reaches(latent, weight_of(request->offset, code), request->law)) {
        while (code < request->highest) {
            code++;
            if (reaches(latent, weight_of(request->offset, code), request->law)) {
                break;
            }
        }
        return code;
    }
    while (code > request->lowest && reaches(latent, weight_of(request->offset, (uint8_t)(code - 1u)), request->law)) {
        code--;
    }
    return code;
}

uint8_t labrig_learn_code(const struct labrig_learn_request *request, uint32_t latent, uint8_t code)
{
    return code_near(request, latent, code);
}

static inline uint16_t distance(uint16_t a, uint16_t b)
{
    return a > b ? (uint16_t)(a - b) : (uint16_t)(b - a);
}

static inline uint32_t moved(const struct labrig_learn_request *request, uint32_t latent, uint16_t free,
                             uint16_t clamped)
{
    const uint32_t change = change_of(request, free, clamped);
    if (free < clamped) {
        return change < latent ? latent - change : 0;
    }
    return change < LATENT_TOP - latent ? latent + change : LATENT_TOP;
}

static inline uint32_t projected(struct labrig_learn *learn, uint32_t latent)
{
    if (latent < learn->request.floor) {
        learn->at_floor++;
        return learn->request.floor;
    }
    if (latent > learn->request.ceiling) {
        learn->at_ceiling++;
        return learn->request.ceiling;
    }
    return latent;
}

static inline uint8_t converted(struct labrig_board *board, uint16_t branch, uint32_t latent, uint8_t before)
{
    const uint8_t code = code_near(&board->learn.request, latent, before);
    if (code != before) {
        const uint16_t wide = code;
        (void)labrig_hal_write_wipers(branch, &wide, 1, 0);
        board->codes_written++;
    }
    return code;
}

/* The branches of one input. The codes follow with the last sample of a step. */
static void update_row(struct labrig_board *board, uint16_t input, bool last)
{
    struct labrig_learn *learn = &board->learn;
    const uint16_t outputs = board->config->outputs;
    const struct labrig_reading *from = &board->drivers.readings[input];
    const struct labrig_reading *to = &board->drivers.readings[board->config->inputs];
    uint16_t branch = (uint16_t)(input * outputs);
    for (uint16_t k = 0; k < outputs; k++, branch++, to++) {
        uint32_t latent = latent_of(board, branch);
        uint8_t code = (uint8_t)board->image[branch];
        if (learn->usable) {
            latent = moved(&learn->request, latent, distance(from->free, to->free),
                           distance(from->clamped, to->clamped));
        }
        if (last) {
            latent = projected(learn, latent);
            code = converted(board, branch, latent, code);
        }
        keep_latent(board, branch, latent, code);
    }
}

static void update(struct labrig_board *board, bool asked_else)
{
    struct labrig_learn *learn = &board->learn;
    const bool last = learn->imposed == learn->request.boundaries;
    if (learn->place < board->config->inputs) {
        update_row(board, learn->place++, last);
        return;
    }
    if (!last) {
        learn->phase = LABRIG_LEARN_IMPOSE;
        return;
    }
    learn->done++;
    const bool late = labrig_hal_milliseconds() - learn->began_ms >= board->heartbeat_ms / 2u;
    if (learn->done < learn->request.steps && !late && !asked_else) {
        begin_step(learn);
        return;
    }
    learn->place = 0;
    learn->digest = 0;
    learn->phase = LABRIG_LEARN_DIGEST;
}

static uint8_t put_reply(struct labrig_board *board)
{
    const struct labrig_learn *learn = &board->learn;
    uint8_t *reply = learn->reply;
    labrig_put_u32(reply + LABRIG_LEARN_REPLY_DIGEST_AT, board->digest);
    labrig_put_u32(reply + LABRIG_LEARN_REPLY_BOOT_COUNT_AT, board->boot_count);
    labrig_put_u16(reply + LABRIG_LEARN_REPLY_STEPS_AT, learn->done);
    labrig_put_u16(reply + LABRIG_LEARN_REPLY_AT_FLOOR_AT, learn->at_floor);
    labrig_put_u16(reply + LABRIG_LEARN_REPLY_AT_CEILING_AT, learn->at_ceiling);
    labrig_put_u16(reply + LABRIG_LEARN_REPLY_UNUSED_AT, learn->unused);
    return LABRIG_LEARN_REPLY_SIZE;
}

static void digest(struct labrig_board *board)
{
    struct labrig_learn *learn = &board->learn;
    for (uint8_t k = 0; k < CODES_A_CALL && learn->place < board->config->branches; k++) {
        const uint16_t code = (uint8_t)board->image[learn->place++];
        learn->digest = labrig_digest_codes(learn->digest, &code, 1);
    }
    if (learn->place == board->config->branches) {
        board->digest = learn->digest;
        learn->phase = LABRIG_LEARN_IDLE;
    }
}

uint8_t labrig_learn_step(struct labrig_board *board, bool asked_else)
{
    switch (board->learn.phase) {
    case LABRIG_LEARN_IMPOSE:
        impose(board);
        break;
    case LABRIG_LEARN_SETTLE:
        if (labrig_hal_settled()) {
            board->learn.phase = LABRIG_LEARN_SCAN;
        }
        break;
    case LABRIG_LEARN_SCAN:
        scan(board);
        break;
    case LABRIG_LEARN_UPDATE:
        update(board, asked_else);
        break;
    case LABRIG_LEARN_DIGEST:
        digest(board);
        break;
    default:
        break;
    }
    return board->learn.phase == LABRIG_LEARN_IDLE ? put_reply(board) : 0;
}

void labrig_learn_stop(struct labrig_board *board)
{
    board->learn.phase = LABRIG_LEARN_IDLE;
    labrig_learn_forget(board);
}
