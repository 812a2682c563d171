/* Static sizes of the LM3S6965: 64 kB of RAM, in which the circuit lives as well. */
#ifndef LABRIG_SIZES_H
#define LABRIG_SIZES_H

#define LABRIG_MAX_BRANCHES 192u
#define LABRIG_MAX_LINES 24u
#define LABRIG_MAX_AVERAGES 16u
#define LABRIG_TEXTS_MAX 132u
#define LABRIG_RX_BYTES 4352u /* a window of 4095 bytes */
#define LABRIG_CREDIT 16u
#define LABRIG_HEARTBEAT_MS 1000u
#define LABRIG_MEMRISTORS

#endif
