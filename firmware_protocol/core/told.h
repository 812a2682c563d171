/* Structures that lie in memory as they are told on the wire, and are copied as a whole. */
#ifndef LABRIG_TOLD_H
#define LABRIG_TOLD_H

#include <stdint.h>

#define LABRIG_AS_TOLD __attribute__((packed))

/* A count within one. */
typedef uint32_t __attribute__((aligned(1))) labrig_count;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "what is told is little-endian");

#endif
