"""Pulses and told branches as bytes."""

import numpy as np
import pytest

from labrig.errors import FrameError
from labrig.wire.definition import MAX_PAYLOAD, PulseRequest, Tlv, VerifyReply
from labrig.wire.messages import decode_items, decode_tlv, encode_item, encode_tlv
from labrig.wire.pulsing import (
    MOST_BRANCHES,
    MOST_PULSES,
    UNREAD,
    Seen,
    ToldBranches,
    WirePulses,
    WireRange,
    read_conductance,
)

RANGE = WireRange(2000, 2500, 10, 100, 1_000_000)


def test_a_pulse_takes_eight_bytes_little_endian() -> None:
    pulses = WirePulses(np.array([0x0102, 3]), np.array([-2, 1500]), np.array([0x01020304, 100]))
    data = pulses.encode()
    assert data.hex() == "0201feff04030201" + "0300dc0564000000"
    back = WirePulses.decode(data, 2)
    assert (back.branches.tolist(), back.amplitudes.tolist()) == ([0x0102, 3], [-2, 1500])
    assert back.widths.tolist() == [0x01020304, 100]
    for count in (1, 3):
        with pytest.raises(FrameError, match=f"^{count} entries of 8 bytes were to come in 16 bytes$"):
            WirePulses.decode(data, count)


def test_a_told_branch_takes_eight_bytes() -> None:
    told = ToldBranches(np.array([UNREAD, 50_000]), np.array([0, 300]), np.array([0, 7]), np.array([3, 1]))
    data = told.encode()
    assert data.hex() == "ffffffff00000003" + "50c300002c010701"
    back = ToldBranches.decode(data, 2)
    assert back.conductances.tolist() == [UNREAD, 50_000]
    assert (back.pulses.tolist(), back.reversals.tolist(), back.outcomes.tolist()) == (
        [0, 300],
        [0, 7],
        [3, 1],
    )


def test_no_request_and_no_reply_is_longer_than_a_frame() -> None:
    assert (
        PulseRequest.layout.size + 8 * MOST_PULSES
        <= MAX_PAYLOAD
        < PulseRequest.layout.size + 8 * (MOST_PULSES + 1)
    )
    assert VerifyReply.layout.size + 8 * MOST_BRANCHES <= MAX_PAYLOAD


def test_the_range_is_an_item_among_the_texts_of_hello() -> None:
    data = encode_tlv({Tlv.PART: "TEST"}) + encode_item(Tlv.PULSES, RANGE.encode())
    assert WireRange.decode(decode_items(data)[Tlv.PULSES]) == RANGE
    assert decode_tlv(data)[Tlv.PART] == "TEST"


def test_a_range_of_another_length_or_without_a_step_is_none() -> None:
    with pytest.raises(FrameError, match="a range of pulses takes 14 bytes; 0 came"):
        WireRange.decode(b"")
    with pytest.raises(FrameError, match="step of 0 mV"):
        WireRange.decode(WireRange(1, 1, 0, 1, 1).encode())


def test_the_loading_of_the_output_by_the_other_inputs_drops_out() -> None:
    g, others, drive = 50e-6, 400e-6, 1000.0
    for volts in (1000.0, 3000.0):
        alone = volts * g * drive / (1 + (g + others) * drive)
        together = volts * (g + others) * drive / (1 + (g + others) * drive)
        # Four inputs of 100 uS beside the branch, in thousandths of a code, so that rounding is nothing.
        unit = 1000
        seen = [
            Seen(round(unit * (volts - alone)), round(unit * alone), round(-4 * unit * alone)),
            Seen(
                round(unit * (volts - together)), round(unit * together), round(4 * unit * (volts - together))
            ),
        ]
        naive = 1e9 * seen[0].dropped / seen[0].across / drive
        assert abs(naive - 50_000) > 0.2 * 50_000
        assert abs(read_conductance(seen[0], seen[1], 1_000_000) - 50_000) <= 2
