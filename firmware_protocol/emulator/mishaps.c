/* Licence of this file: GPL-3.0-or-later, as that of the files beside it. */
#include "mishaps.h"

#include <stdio.h>
#include <stdlib.h>

void mishaps_plan(struct mishaps *mishaps, enum mishap kind, unsigned long bytes)
{
    if (mishaps->count == MISHAPS_MOST) {
        fprintf(stderr, "there may be %d mishaps\n", MISHAPS_MOST);
        exit(2);
    }
    mishaps->planned[mishaps->count].kind = kind;
    mishaps->planned[mishaps->count++].bytes = bytes;
}

bool mishaps_due(struct mishaps *mishaps, enum mishap kind, unsigned long bytes)
{
    for (unsigned k = 0; k < mishaps->count; k++) {
        if (mishaps->planned[k].kind == kind && mishaps->planned[k].bytes <= bytes) {
            mishaps->planned[k] = mishaps->planned[--mishaps->count];
            return true;
        }
    }
    return false;
}
