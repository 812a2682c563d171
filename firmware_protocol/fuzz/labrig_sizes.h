/* Static sizes for fuzzing: so small that rings wrap, replies are given up and arrays end soon. A few more branches and
 * lines than any board here has, so that what is written behind the last one shows. */
#ifndef LABRIG_SIZES_H
#define LABRIG_SIZES_H

#define LABRIG_MAX_BRANCHES 24u
#define LABRIG_MAX_LINES 16u
#define LABRIG_MAX_AVERAGES 16u
#define LABRIG_TEXTS_MAX 132u
#define LABRIG_RX_BYTES 512u
#define LABRIG_CREDIT 2u
#define LABRIG_HEARTBEAT_MS 1000u
#define LABRIG_MEMRISTORS

#endif
