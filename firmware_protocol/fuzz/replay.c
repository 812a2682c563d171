/* Feeds files to a fuzz target, for whoever has no libFuzzer: TARGET FILE ... What fails ends it, and names the file. */
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <string.h>

#include "fuzz.h"

#define LONGEST 65536

static const char *path;

static void tell(void)
{
    fprintf(stderr, "failed by the input %s\n", path);
}

static void tell_of_abort(int number)
{
    (void)number;
    tell();
    _Exit(1);
}

static void replay(void)
{
    static uint8_t read[LONGEST];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    const size_t size = fread(read, 1, sizeof read, file);
    fclose(file);
    uint8_t *data = malloc(size != 0 ? size : 1); /* no larger, so that ASan sees its end */
    memcpy(data, read, size);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int main(int count, char **paths)
{
    __sanitizer_set_death_callback(tell);
    signal(SIGABRT, tell_of_abort);
    for (int k = 1; k < count; k++) {
        path = paths[k];
        replay();
    }
    printf("%s: %d inputs\n", strrchr(paths[0], '/') + 1, count - 1);
    return count == 1;
}
