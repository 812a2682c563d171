/* Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#include "eeprom_image.h"

#include <errno.h>
#include <limits.h>
#include <simavr/avr_eeprom.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crc.h"
#include "labrig_protocol.h"
#include "packing.h"
#include "record.h"

#define CLOCK_HZ 16000000u

static _Noreturn void fail(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(2);
}

static void read_file(struct eeprom_image *image)
{
    FILE *file = fopen(image->path, "rb");
    if (file == NULL) {
        if (errno != ENOENT) {
            fail(image->path, strerror(errno));
        }
        return;
    }
    const size_t count = fread(image->bytes, 1, sizeof image->bytes, file);
    if (count != sizeof image->bytes || fgetc(file) != EOF) {
        fail(image->path, "is no image of a 4096 byte EEPROM; remove the file to begin anew");
    }
    fclose(file);
}

static uint16_t checksum(const uint8_t *bytes, size_t count)
{
    uint16_t crc = LABRIG_CRC_INIT;
    for (size_t k = 0; k < count; k++) {
        crc = labrig_crc16(crc, bytes[k]);
    }
    return crc ^ LABRIG_CRC_XOROUT;
}

static struct board_record describe(const struct circuit *circuit, double nudge, uint32_t baud)
{
    struct labrig_config config = circuit->config;
    struct board_record record = {
        .parts = {
            .magic = RECORD_MAGIC,
            .layout = RECORD_LAYOUT,
            .wiper = circuit->has_memristors ? RECORD_PULSER
                : strncmp(circuit->part, "AD5270", 6) == 0 ? RECORD_AD5270 : RECORD_MCP4351,
            .adc = config.adc_bits == 12 ? RECORD_MCP3208 : RECORD_ADS8688,
            .rate = (uint16_t)((CLOCK_HZ / 4u / baud - 1u) / 2u),
        },
    };
    labrig_nudge_scale(&config, record.parts.nudge_scale);
    config.features &= ~LABRIG_FEATURE_INJECT; /* the firmware has no current sources */
    config.through_min_ns = config.through_max_ns = (uint32_t)(nudge * (double)LABRIG_PER_NS + 0.5);
    memcpy(record.told, &config, sizeof record.told);
    if (circuit->texts_size > RECORD_TEXTS) {
        fprintf(stderr, "--serial, part: may have %u characters together\n", RECORD_TEXTS - 4u);
        exit(2);
    }
    record.texts_size = circuit->texts_size;
    memcpy(record.texts, circuit->texts, circuit->texts_size);
    const uint16_t crc = checksum((const uint8_t *)&record, offsetof(struct board_record, crc));
    record.crc[0] = (uint8_t)(crc >> 8);
    record.crc[1] = (uint8_t)crc;
    return record;
}

static struct pulse_record describe_pulses(const struct labrig_pulse_range *range)
{
    struct pulse_record record;
    labrig_put_u16(record.range, range->highest_set_mv);
    labrig_put_u16(record.range + 2, range->highest_reset_mv);
    labrig_put_u16(record.range + 4, range->step_mv);
    labrig_put_u32(record.range + 6, range->shortest);
    labrig_put_u32(record.range + 10, range->longest);
    const uint16_t crc = checksum(record.range, sizeof record.range);
    record.crc[0] = (uint8_t)(crc >> 8);
    record.crc[1] = (uint8_t)crc;
    return record;
}

void eeprom_image_load(struct eeprom_image *image, const char *path, const struct circuit *circuit, double nudge,
                       uint32_t baud)
{
    const struct board_record record = describe(circuit, nudge, baud);
    image->path = path;
    memset(image->bytes, 0xFF, sizeof image->bytes);
    if (path != NULL) {
        read_file(image);
    }
    memcpy(image->bytes, &record, sizeof record);
    if (circuit->has_memristors) {
        const struct pulse_record pulses = describe_pulses(&circuit->pulses);
        memcpy(image->bytes + PULSES_AT, &pulses, sizeof pulses);
    }
}

/* libsimavr hands its own bytes out where no others are given. */
static uint8_t *cells(avr_t *avr)
{
    avr_eeprom_desc_t content = {.size = 1};
    (void)avr_ioctl(avr, AVR_IOCTL_EEPROM_GET, &content);
    if (content.ee == NULL) {
        fputs("this libsimavr has no EEPROM\n", stderr);
        exit(1);
    }
    return content.ee;
}

void eeprom_image_insert(const struct eeprom_image *image, avr_t *avr)
{
    memcpy(cells(avr), image->bytes, EEPROM_BYTES);
}

static void write_file(const struct eeprom_image *image)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.%ld", image->path, (long)getpid()) >= (int)sizeof temporary) {
        fail(image->path, "the name is too long");
    }
    FILE *file = fopen(temporary, "wb");
    if (file == NULL) {
        fail(temporary, strerror(errno));
    }
    const bool written = fwrite(image->bytes, 1, sizeof image->bytes, file) == sizeof image->bytes;
    const bool synced = fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (fclose(file) != 0 || !written || !synced || rename(temporary, image->path) != 0) {
        fail(image->path, strerror(errno));
    }
}

void eeprom_image_keep(struct eeprom_image *image, avr_t *avr)
{
    const uint8_t *content = cells(avr);
    if (memcmp(content, image->bytes, EEPROM_BYTES) == 0) {
        return;
    }
    memcpy(image->bytes, content, EEPROM_BYTES);
    if (image->path != NULL) {
        write_file(image);
    }
}
