"""Sequence numbers, replies that are kept, the window, and codes."""

import os
import socket
import time
from dataclasses import replace

import numpy as np

from labrig.wire.boundaries import Through, Toward, WireBoundary
from labrig.wire.definition import (
    FINGERPRINT,
    FRAMES_IN_FLIGHT,
    VERSION,
    ApplyReply,
    ApplyRequest,
    Feature,
    IdentifyReply,
    Message,
    NakReply,
    Status,
    StatusReply,
    Tlv,
    WriteRequest,
)
from labrig.wire.framing import Frame, encode_frame
from labrig.wire.messages import decode, decode_tlv, encode
from labrig.wire.packing import pack
from tests.support.decoding import digest
from tests.support.firmware import SECONDS, SMALL, Boards, Circuit, Hosted, Starter, Wire, crossbar


def test_hello_tells_what_the_circuit_file_says(boards: Boards) -> None:
    told = boards.board(replace(crossbar(3, 2, 100.5), adc=(12, 4.096), dac=(10, 5.0))).hello()
    assert (told.version, told.fingerprint, told.boot_count) == (VERSION, FINGERPRINT, 1)
    assert (told.inputs, told.outputs, told.hidden, told.branches) == (3, 2, 0, 6)
    assert (told.code_bits, told.code_min, told.code_max) == (9, 0, 256)
    assert (told.adc_bits, told.adc_span, told.dac_bits, told.dac_span) == (12, 4_096_000, 10, 5_000_000)
    assert (told.drive, told.through_min, told.through_max, told.heartbeat) == (100_500, 1, 1_000_000, 1000)
    assert told.features == sum(Feature) - Feature.LEARN - Feature.PULSE - Feature.VERIFY
    assert decode_tlv(told.tlv) == {Tlv.SERIAL_NUMBER: "A7F3", Tlv.PART: "MCP4351-104"}


def test_what_the_circuit_file_does_not_offer_is_not_told_and_is_refused(boards: Boards) -> None:
    class Plain(Circuit):
        def text(self) -> str:
            return "".join(line for line in super().text().splitlines(True) if "nudge" not in line)

    board = boards.board(Plain(1, 1, 0, [(0, 1)], 0.0))
    assert board.hello().features == Feature.SOURCE_SENSE
    board.arm()
    for nudged in (
        WireBoundary({}, toward=Toward(1, {0: 1})),
        WireBoundary({}, through=Through(1, {0: 1})),
        WireBoundary({}, inject={0: 1}),
    ):
        assert board.ask(board.next(Message.MEASURE, board.request(nudged))).flags == Status.RANGE
    assert board.status().driven == 0


def test_the_boot_count_goes_up_with_each_start_and_ends_the_session(starter: Starter) -> None:
    first = starter.board(SMALL)
    first.hello()
    first.do(Message.PING, b"")
    first.process.terminate()
    assert first.process.wait(SECONDS) == 0
    second = starter.board(SMALL)
    nak = second.ask(Frame(Message.PING, 2))
    assert nak.type == Message.NAK
    assert decode(NakReply, nak.payload) == NakReply(Status.SEQUENCE, 0, 2)
    assert second.hello().boot_count == 2
    assert (starter.folder / "eeprom").read_text() == "2\n"


def test_asking_who_is_there_changes_nothing(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    board.arm()
    board.measure(WireBoundary({0: 100}))
    reply = board.ask(Frame(Message.IDENTIFY, 77))
    told = decode(IdentifyReply, reply.payload)
    assert decode_tlv(told.tlv)[Tlv.SERIAL_NUMBER] == "A7F3"
    assert (board.status().driven, board.status().armed) == (1, 1)
    assert board.do(Message.PING, b"still in session") == b"still in session"


def test_a_request_sent_twice_is_carried_out_once_and_answered_alike(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    board.arm()
    measure = board.next(Message.MEASURE, board.request(WireBoundary({0: 40_000, 1: 100})))
    write = board.next(Message.WRITE, encode(WriteRequest(0, 2, pack(np.array([1, 2]), 9))))
    first = [board.ask(measure), board.ask(write)]
    assert [board.ask(measure), board.ask(write)] == first
    status = board.status()
    assert (status.states, status.codes_written) == (1, 2)


def test_a_frame_ahead_is_refused_with_what_is_expected(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    nak = board.ask(Frame(Message.SAFE, 9))
    assert (nak.type, nak.seq) == (Message.NAK, 9)
    assert decode(NakReply, nak.payload) == NakReply(Status.SEQUENCE, 1, 1)
    assert board.do(Message.PING, b"x") == b"x"


def test_as_many_frames_as_the_window_holds_may_be_on_their_way(boards: Boards) -> None:
    board = boards.board(SMALL)
    told = board.hello()
    frames = [board.next(Message.HEARTBEAT) for _ in range(FRAMES_IN_FLIGHT - told.credit)]
    frames += [board.next(Message.PING, bytes([k]) * 223) for k in range(told.credit)]
    assert told.window - 50 < sum(len(encode_frame(frame)) for frame in frames) <= told.window
    board.send(*frames)
    for frame in frames:
        assert board.receive() == Frame(frame.type | 0x80, frame.seq, Status.OK, frame.payload)
    assert board.status().overruns == 0


def test_noise_is_counted_and_the_next_frame_is_understood(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    noise = np.random.default_rng(5).integers(0, 256, 20_000, dtype=np.uint8)
    before = board.status().frames_bad
    for part in np.split(noise, 20):
        os.write(board.descriptor, part.tobytes() + b"\0")
        assert board.ask(Frame(Message.STATUS, 1)).type == Message.STATUS | 0x80
    ends = int(np.count_nonzero(noise == 0))
    assert ends / 2 < board.status().frames_bad - before <= ends + 20
    assert board.do(Message.PING, b"in session") == b"in session"


def test_the_digest_is_that_of_all_codes(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    codes = np.array([0, 256, 3, 77, 128, 255])
    board.write(codes)
    found = digest(codes.tolist())
    assert decode(ApplyReply, board.do(Message.APPLY, encode(ApplyRequest(found)))) == ApplyReply(found, 1)
    differs = board.ask(board.next(Message.APPLY, encode(ApplyRequest(found ^ 1))))
    assert (differs.flags, decode(ApplyReply, differs.payload).digest) == (Status.READ_BACK, found)


def test_clients_of_a_terminal_may_come_and_go(boards: Boards) -> None:
    boards.board(SMALL).hello()
    boards.hang_up()
    again = Wire(boards.open(str(boards.folder / "port")), SMALL)
    assert again.status().frames_good == 2


def test_a_terminal_passes_every_byte_unchanged(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    for start in (0, 100, 156):
        data = bytes(range(start, start + 100))
        assert board.do(Message.PING, data) == data


def test_tcp_clients_come_one_after_another_and_find_the_board_as_it_is(hosted: Hosted) -> None:
    host, port = hosted.tcp(SMALL).removeprefix("tcp://").split(":")

    def status_for_another_client() -> StatusReply:
        with socket.create_connection((host, int(port)), SECONDS) as client:
            return Wire(client.fileno(), SMALL).status()

    with socket.create_connection((host, int(port)), SECONDS) as client:
        board = Wire(client.fileno(), SMALL)
        board.hello()
        board.arm(1500)
        board.measure(WireBoundary({0: 1, 2: 5}))
        driven_at = time.monotonic()
        client.sendall(encode_frame(Frame(Message.PING, 9))[:5])
    assert status_for_another_client().driven == 2
    while (status := status_for_another_client()).driven:
        assert time.monotonic() - driven_at < SECONDS
    assert time.monotonic() - driven_at > 1.49
    assert (status.heartbeat_expired, status.frames_bad) == (1, 0)
