/* Static sizes of the ATmega2560 target: 8 kB of RAM. */
#ifndef LABRIG_SIZES_H
#define LABRIG_SIZES_H

#define LABRIG_MAX_BRANCHES 1200u
#define LABRIG_MAX_LINES 72
#define LABRIG_MAX_AVERAGES 16u
#define LABRIG_TEXTS_MAX 44u
#define LABRIG_RX_BYTES 664u /* two frames of 210 bytes on their way */
#define LABRIG_CREDIT 3u /* what two measurements behind a digest take; latents need the rest */
#define LABRIG_HEARTBEAT_MS 1000u

#endif
