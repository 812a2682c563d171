/* Where the parts of a row lie, for row.S. */
#ifndef AVR_ROW_LAYOUT_H
#define AVR_ROW_LAYOUT_H

#include "labrig_sizes.h"

#define ROW_RATE 5
#define ROW_SHIFT 6
#define ROW_LAW 7
#define ROW_OFFSET 11
#define ROW_LOWEST 13
#define ROW_HIGHEST 14
#define ROW_FLOOR 15
#define ROW_CEILING 19
#define ROW_TO 24
#define ROW_CODES 26
#define ROW_HIGH 28
#define ROW_FREE 30
#define ROW_CLAMPED 32
#define ROW_OUTPUTS 34
#define ROW_USABLE 35
#define ROW_CONVERT 36
#define ROW_AT_FLOOR 39
#define ROW_AT_CEILING 41
#define ROW_FIRST 45
#define ROW_CONVERT_ALL 2
#define ROW_TO_CLAMPED (2 * LABRIG_MAX_LINES) /* bytes from a free reading to the clamped one */

#ifndef __ASSEMBLER__
#include <stddef.h>

#include "row.h"

#define ROW_HAS(part, at) (offsetof(struct labrig_row, part) == (at))
_Static_assert(ROW_HAS(request.rate, ROW_RATE) && ROW_HAS(request.shift, ROW_SHIFT) && ROW_HAS(request.law, ROW_LAW)
                   && ROW_HAS(request.offset, ROW_OFFSET) && ROW_HAS(request.lowest, ROW_LOWEST)
                   && ROW_HAS(request.highest, ROW_HIGHEST) && ROW_HAS(request.floor, ROW_FLOOR)
                   && ROW_HAS(request.ceiling, ROW_CEILING) && ROW_HAS(to, ROW_TO) && ROW_HAS(codes, ROW_CODES)
                   && ROW_HAS(high, ROW_HIGH) && ROW_HAS(free, ROW_FREE) && ROW_HAS(clamped, ROW_CLAMPED)
                   && ROW_HAS(outputs, ROW_OUTPUTS) && ROW_HAS(usable, ROW_USABLE) && ROW_HAS(convert, ROW_CONVERT)
                   && ROW_HAS(learnt.at_floor, ROW_AT_FLOOR) && ROW_HAS(learnt.at_ceiling, ROW_AT_CEILING) && ROW_HAS(first, ROW_FIRST)
                   && LABRIG_CONVERT_ALL == ROW_CONVERT_ALL,
               "row.S knows where the parts of a row lie");
#endif

#endif
