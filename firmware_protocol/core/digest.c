#include "digest.h"

#include "labrig_protocol.h"

__attribute__((weak)) uint32_t labrig_digest_codes(uint32_t digest, const uint16_t *codes, uint16_t count, uint16_t mask)
{
    for (; count > 0; count--) {
        digest = digest * LABRIG_DIGEST_MULTIPLIER + (*codes++ & mask);
    }
    return digest;
}
