#include "eeprom.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void fail(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(2);
}

static uint32_t read_count(const char *path)
{
    unsigned long count = 0;
    char end = '\n';
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        if (errno != ENOENT) {
            fail(path, strerror(errno));
        }
        return 0;
    }
    const int found = fscanf(file, "%lu%c", &count, &end);
    fclose(file);
    if (found < 1 || end != '\n' || count >= UINT32_MAX) {
        fail(path, "no boot count; remove the file to begin anew");
    }
    return (uint32_t)count;
}

uint32_t eeprom_count_boot(const char *path)
{
    char temporary[PATH_MAX];
    if (path == NULL) {
        return 1;
    }
    const uint32_t count = read_count(path) + 1u;
    if (snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid()) >= (int)sizeof temporary) {
        fail(path, "the name is too long");
    }
    FILE *file = fopen(temporary, "w");
    if (file == NULL) {
        fail(temporary, strerror(errno));
    }
    const int written = fprintf(file, "%lu\n", (unsigned long)count);
    const int synced = fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (fclose(file) != 0 || written < 0 || !synced || rename(temporary, path) != 0) {
        fail(path, strerror(errno));
    }
    return count;
}
