/* Static sizes of the ATmega2560 target: 8 kB of RAM. */
#ifndef LABRIG_SIZES_H
#define LABRIG_SIZES_H

#define LABRIG_MAX_BRANCHES 1200u
#define LABRIG_MAX_LINES 80u
#define LABRIG_MAX_AVERAGES 16u
#define LABRIG_RX_BYTES 256u
#define LABRIG_CREDIT 4u
#define LABRIG_HEARTBEAT_MS 1000u

#endif
