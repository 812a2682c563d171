/* Licence of this file: GPL-3.0-or-later, as that of the files beside it. */
#include "opening.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

int opening_watch(const char *terminal)
{
    const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch < 0 || inotify_add_watch(watch, terminal, IN_OPEN) < 0) {
        fprintf(stderr, "%s: cannot be watched: %s\n", terminal, strerror(errno));
        exit(2);
    }
    return watch;
}

bool opening_seen(int watch)
{
    char events[1024];
    bool seen = false;
    while (read(watch, events, sizeof events) > 0) {
        seen = true;
    }
    return seen;
}
