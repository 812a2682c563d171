/* Static sizes of the ATmega2560 target: 8 kB of RAM. */
#ifndef LABRIG_SIZES_H
#define LABRIG_SIZES_H

#define LABRIG_MAX_BRANCHES 1200u
#define LABRIG_MAX_LATENTS 832u /* what 7200 bytes leave room for; 1200 fit into the 8 kB, with 250 of stack */
#define LABRIG_MAX_LINES 80u
#define LABRIG_MAX_AVERAGES 16u
#define LABRIG_RX_BYTES 1024u
#define LABRIG_CREDIT 3u /* what two measurements behind a digest take; latents need the rest */
#define LABRIG_HEARTBEAT_MS 1000u

#endif
