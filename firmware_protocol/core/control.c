/* PING, SAFE, ARM and HEARTBEAT. */
#include <string.h>

#include "commands.h"
#include "labrig_protocol.h"
#include "packing.h"

uint8_t labrig_ping(struct labrig_board *board, const struct labrig_request *request, uint8_t *length)
{
    (void)board;
    memcpy(request->reply, request->payload, request->length);
    *length = request->length;
    return LABRIG_STATUS_OK;
}

uint8_t labrig_safe(struct labrig_board *board, const struct labrig_request *request)
{
    if (request->length != LABRIG_SAFE_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    labrig_make_safe(board);
    return LABRIG_STATUS_OK;
}

uint8_t labrig_arm(struct labrig_board *board, const struct labrig_request *request)
{
    if (request->length != LABRIG_ARM_REQUEST_SIZE) {
        return LABRIG_STATUS_LENGTH;
    }
    const uint16_t heartbeat_ms = labrig_get_u16(request->payload + LABRIG_ARM_REQUEST_HEARTBEAT_AT);
    if (heartbeat_ms == 0) {
        return LABRIG_STATUS_RANGE;
    }
    board->heartbeat_ms = heartbeat_ms;
    board->armed = true;
    return LABRIG_STATUS_OK;
}

uint8_t labrig_heartbeat(const struct labrig_request *request)
{
    return request->length == LABRIG_HEARTBEAT_REQUEST_SIZE ? LABRIG_STATUS_OK : LABRIG_STATUS_LENGTH;
}
