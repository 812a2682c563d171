/* The frames of the pulse generator: a circuit of the board's own behind the enable of the wipers, which it has none of.
 *
 * A frame of eight bytes, multi-byte fields with the low byte first, starts a pulse when the select goes up: u16 branch, i16
 * amplitude in mV, u32 width in 10 ns. One of a single byte stops the pulse that is under way, or asks. The first byte that
 * comes back of any frame tells whether one is under way. Data are sampled at the rising edge. */
#ifndef LABRIG_PULSER_H
#define LABRIG_PULSER_H

#define PULSER_BYTES 8u
#define PULSER_ASK 0x00u
#define PULSER_STOP 0x01u
#define PULSER_BUSY 0xFFu

#endif
