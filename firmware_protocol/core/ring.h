/* Bytes that have arrived: one producer (the receive interrupt), one consumer (labrig_poll). */
#ifndef LABRIG_RING_H
#define LABRIG_RING_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "labrig_sizes.h"

#if LABRIG_RX_BYTES <= 256
typedef uint8_t labrig_ring_index; /* read and written in one instruction on an 8-bit processor */
#else
typedef uint16_t labrig_ring_index;
#endif

_Static_assert(LABRIG_RX_BYTES >= 256u && LABRIG_RX_BYTES <= 32768u, "at least one frame, and 16-bit indices");
_Static_assert((LABRIG_RX_BYTES & (LABRIG_RX_BYTES - 1u)) == 0, "indices wrap by a mask");
#if LABRIG_RX_BYTES > 256 && UINT_MAX == 0xFFFFu && !defined(LABRIG_RX_UNINTERRUPTED)
#error "the receive interrupt could see half of an index: take 256 bytes, or define LABRIG_RX_UNINTERRUPTED where it \
cannot fall between the two bytes of one"
#endif

/* One place stays free so that a full ring differs from an empty one. All of it is volatile, so that a byte is read
 * before its place is given back. */
struct labrig_ring {
    volatile labrig_ring_index head; /* next free place */
    volatile labrig_ring_index tail; /* oldest byte */
    volatile uint32_t overruns;
    volatile uint8_t bytes[LABRIG_RX_BYTES];
};

static inline uint16_t labrig_ring_count(const struct labrig_ring *ring)
{
    return (uint16_t)((uint16_t)(ring->head - ring->tail) & (LABRIG_RX_BYTES - 1u));
}

/* A byte that finds the ring full is lost and counted. */
static inline void labrig_ring_put(struct labrig_ring *ring, uint8_t byte)
{
    const labrig_ring_index next = (labrig_ring_index)((ring->head + 1u) & (LABRIG_RX_BYTES - 1u));
    if (next == ring->tail) {
        ring->overruns++;
        return;
    }
    ring->bytes[ring->head] = byte;
    ring->head = next;
}

static inline bool labrig_ring_get(struct labrig_ring *ring, uint8_t *byte)
{
    if (ring->head == ring->tail) {
        return false;
    }
    *byte = ring->bytes[ring->tail];
    ring->tail = (labrig_ring_index)((ring->tail + 1u) & (LABRIG_RX_BYTES - 1u));
    return true;
}

/* Bytes lost so far. Read until it stays: the receive interrupt may fall between the bytes of the count. */
static inline uint32_t labrig_ring_overruns(const struct labrig_ring *ring)
{
    uint32_t overruns;
    do {
        overruns = ring->overruns;
    } while (overruns != ring->overruns);
    return overruns;
}

#endif
