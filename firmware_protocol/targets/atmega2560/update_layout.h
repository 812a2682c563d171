/* Where the parts of an update lie, for update.S. */
#ifndef AVR_UPDATE_LAYOUT_H
#define AVR_UPDATE_LAYOUT_H

#include "labrig_sizes.h"

/* In the board. */
#define BOARD_CODES_WRITTEN 32
#define BOARD_TERMS 913
#define BOARD_UPDATE 1202
#define BOARD_HIGH 1246
#define BOARD_IMAGE 4674

/* In the update. */
#define UPDATE_RATE 5
#define UPDATE_SHIFT 6
#define UPDATE_LAW 7
#define UPDATE_OFFSET 11
#define UPDATE_LOWEST 13
#define UPDATE_HIGHEST 14
#define UPDATE_FLOOR 15
#define UPDATE_CEILING 19
#define UPDATE_AT_FLOOR 26
#define UPDATE_AT_CEILING 28
#define UPDATE_CONVERT 32
#define UPDATE_CONVERT_MOVED 1

#if !defined(__ASSEMBLER__) && !defined(LABRIG_PORTABLE)
#include <stddef.h>

#include "hardware.h"

#define HAS(whole, part, at) (offsetof(struct whole, part) == (at))
_Static_assert(HAS(labrig_board, codes_written, BOARD_CODES_WRITTEN) && HAS(labrig_board, drivers.terms, BOARD_TERMS)
                   && HAS(labrig_board, learn.update, BOARD_UPDATE) && HAS(labrig_board, learn.high, BOARD_HIGH)
                   && HAS(labrig_board, image, BOARD_IMAGE) && sizeof(struct labrig_term) == 4,
               "update.S knows where the parts of a board lie");
_Static_assert(HAS(labrig_update, request.rate, UPDATE_RATE) && HAS(labrig_update, request.shift, UPDATE_SHIFT)
                   && HAS(labrig_update, request.law, UPDATE_LAW) && HAS(labrig_update, request.offset, UPDATE_OFFSET)
                   && HAS(labrig_update, request.lowest, UPDATE_LOWEST)
                   && HAS(labrig_update, request.highest, UPDATE_HIGHEST)
                   && HAS(labrig_update, request.floor, UPDATE_FLOOR)
                   && HAS(labrig_update, request.ceiling, UPDATE_CEILING)
                   && HAS(labrig_update, learnt.at_floor, UPDATE_AT_FLOOR)
                   && HAS(labrig_update, learnt.at_ceiling, UPDATE_AT_CEILING)
                   && HAS(labrig_update, convert, UPDATE_CONVERT) && LABRIG_CONVERT_NONE == 0
                   && LABRIG_CONVERT_MOVED == UPDATE_CONVERT_MOVED,
               "update.S knows where the parts of an update lie");
#endif

#endif
