/* Bytes that have arrived: one producer (the receive interrupt), one consumer (labrig_poll). */
#ifndef LABRIG_RING_H
#define LABRIG_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "labrig_sizes.h"

#if LABRIG_RX_BYTES <= 256
typedef uint8_t labrig_ring_index; /* read and written in one instruction on an 8-bit processor */
#else
typedef uint16_t labrig_ring_index;
#endif

/* LABRIG_RX_BYTES is a power of two; one place stays free so that a full ring differs from an empty one. */
struct labrig_ring {
    volatile labrig_ring_index head; /* next free place */
    volatile labrig_ring_index tail; /* oldest byte */
    volatile uint32_t overruns;
    uint8_t bytes[LABRIG_RX_BYTES];
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

#endif
