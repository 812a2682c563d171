/* Static sizes of the host target. */
#ifndef LABRIG_SIZES_H
#define LABRIG_SIZES_H

#define LABRIG_MAX_BRANCHES 16384u
#define LABRIG_MAX_LINES 512u
#define LABRIG_MAX_AVERAGES 16u
#define LABRIG_TEXTS_MAX 132u
#define LABRIG_RX_BYTES 4352u /* a window of 4095 bytes */
#define LABRIG_CREDIT 16u
#define LABRIG_HEARTBEAT_MS 1000u
#define LABRIG_MEMRISTORS

#endif
