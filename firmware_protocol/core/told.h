/* Structures that lie in memory as they are told on the wire, and are copied as a whole. */
#ifndef LABRIG_TOLD_H
#define LABRIG_TOLD_H

#define LABRIG_AS_TOLD __attribute__((packed))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "what is told is little-endian");

#endif
