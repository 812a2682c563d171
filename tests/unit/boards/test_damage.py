"""Bytes that are flipped, lost, doubled and inserted on their way change no reading and no stored code."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from labrig.boards.base import BoardReply, BoardRequest, Codes
from labrig.boards.wired import WiredBoard, open_wired
from labrig.circuit.boundary import Boundary, TowardTarget
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.errors import LinkTimeout
from labrig.links.serial import open_serial
from labrig.sim.build import build_board
from tests.support.benches import serve
from tests.support.boards import StartBoard
from tests.support.links import DamagedLink, ServedLink

INPUTS, OUTPUTS = 40, 30
OVERHEAD = 8
"""Bytes of a frame beside its payload."""


def request(rng: np.random.Generator) -> BoardRequest:
    """Some or all codes anew, a free, a clamped and a nudged state, and all codes read back."""
    inputs = {line: float(rng.uniform(0.1, 4.9)) for line in range(INPUTS)}
    targets = {INPUTS + k: float(rng.uniform(1, 4)) for k in range(OUTPUTS)}
    nudges = {line: TowardTarget(volts, 0.5, 0) for line, volts in targets.items()}
    return BoardRequest(
        boundaries=[Boundary(inputs), Boundary({**inputs, **targets}), Boundary(inputs, nudges=nudges)],
        program=Codes(rng.integers(9, 257, INPUTS * OUTPUTS)),
        read_back=bool(rng.integers(2)),
    )


def in_spite_of_silence(board: WiredBoard, asked: BoardRequest) -> BoardReply:
    """Ask again where all tries were lost: an exchange can be repeated."""
    for _ in range(20):
        try:
            return board.exchange(asked)
        except LinkTimeout:
            continue
    raise AssertionError


def assert_equal(found: BoardReply, expected: BoardReply) -> None:
    np.testing.assert_array_equal(found.voltages, expected.voltages)
    assert found.digest == expected.digest
    assert (found.program is None) == (expected.program is None)
    if found.program is not None and expected.program is not None:
        np.testing.assert_array_equal(found.program.values, expected.program.values)


@pytest.mark.parametrize(("rate", "exchanges"), [(1e-4, 60), (1.5e-3, 15)])
def test_the_compiled_firmware_behind_a_damaging_link_reads_and_stores_what_one_behind_a_good_link_does(
    start_board: StartBoard, model: BoardModel, topology: Topology, rate: float, exchanges: int
) -> None:
    resources = [start_board(model, topology, name).resource for name in ("GOOD", "BAD")]
    good = open_wired(open_serial(resources[0], 1_000_000))
    link = DamagedLink(open_serial(resources[1], 1_000_000), rate, seed=1)
    bad = open_wired(link)
    rng = np.random.default_rng(2)
    try:
        for _ in range(exchanges):
            asked = request(rng)
            expected = good.exchange(asked)
            found = bad.exchange(asked) if rate <= 1e-4 else in_spite_of_silence(bad, asked)
            assert_equal(found, expected)
        assert link.damaged > exchanges / 10, "a link that damages nothing could not show anything"
        assert bad.counters.retries > 0
        link.rate = 0.0
        read_back = BoardRequest(boundaries=[], read_back=True)
        assert_equal(in_spite_of_silence(bad, read_back), good.exchange(read_back))
    finally:
        link.rate = 0.0
        good.close()
        bad.close()


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), rate=st.sampled_from([1e-4, 1.5e-3, 4e-3]))
def test_the_simulated_board_behind_a_damaging_link_reads_and_stores_what_it_does_in_process(
    model: BoardModel, topology: Topology, seed: int, rate: float
) -> None:
    direct = build_board(model, topology)
    link = DamagedLink(ServedLink(serve(model, topology)), 0.0, seed)
    board = open_wired(link)
    rng = np.random.default_rng(seed)
    try:
        link.rate = rate
        for _ in range(3):
            asked = request(rng)
            assert_equal(in_spite_of_silence(board, asked), direct.exchange(asked))
    finally:
        link.rate = 0.0
        board.close()


def test_frames_get_smaller_where_many_are_lost_and_larger_again_where_few_are(
    model: BoardModel, topology: Topology
) -> None:
    served = ServedLink(serve(model, topology))
    link = DamagedLink(served, 0.0)
    board = open_wired(link)
    rng = np.random.default_rng(4)

    def longest() -> int:
        served.written = b""
        codes = Codes(rng.integers(9, 257, INPUTS * OUTPUTS))
        in_spite_of_silence(board, BoardRequest(boundaries=[], program=codes))
        return max(map(len, served.written.split(b"\0")))

    try:
        whole = longest()
        assert whole > 200
        link.rate = 4e-3
        sizes = {longest() for _ in range(25)}
        assert min(sizes) <= 64 + OVERHEAD
        link.rate = 0.0
        sizes = {longest() for _ in range(25)}
        assert max(sizes) == whole
    finally:
        link.rate = 0.0
        board.close()


def test_the_bytes_that_wait_for_the_board_never_exceed_its_window(
    model: BoardModel, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = 500
    monkeypatch.setattr("labrig.sim.serving.identity.WINDOW", window)
    served = ServedLink(serve(model, topology))
    link = DamagedLink(served, 0.0)
    board = open_wired(link)
    rng = np.random.default_rng(5)
    try:
        for rate in (0.0, 1e-3):
            link.rate = rate
            for _ in range(10):
                in_spite_of_silence(board, request(rng))
        doubled_and_inserted = link.damaged
        assert 400 < served.most_waiting <= window + doubled_and_inserted
    finally:
        link.rate = 0.0
        board.close()
