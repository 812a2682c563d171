/* The digest of all codes; PROTOCOL.md, "The digest". */
#ifndef LABRIG_DIGEST_H
#define LABRIG_DIGEST_H

#include <stdint.h>

/* Of the bits of each code that are in `mask`, continued from the digest of the codes before, which is 0 for none. A target
 * may have a faster one in place of the core's. */
uint32_t labrig_digest_codes(uint32_t digest, const uint16_t *codes, uint16_t count, uint16_t mask);

#endif
