/* CHECK(condition): says where it fails, goes on, and makes the program fail in the end. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

extern int checks_made, checks_failed;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        checks_made++;                                                                                                 \
        if (!(condition)) {                                                                                            \
            checks_failed++;                                                                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, __func__, #condition);                              \
        }                                                                                                              \
    } while (0)

#endif
