"""A bench as learners see it: what is sent, what is refused, what a failure leaves behind."""

import numpy as np
import pytest

from labrig.circuit.boundary import Boundary
from labrig.circuit.build import build_topology
from labrig.circuit.network import Origin
from labrig.errors import BoardReset, LimitExceeded, LinkClosed, LinkTimeout
from labrig.sim.build import simulation_of
from tests.support.benches import rig, serve
from tests.support.decoding import Decoder, Imposed, Released, Written
from tests.support.links import ServedLink
from tests.unit.bench.conftest import MakeBench

DECODER = Decoder(2, 2, code_bits=9, dac_bits=16, dac_span=5.0)
LEVELS = {0: 1.0, 1: 3.0}
LATENT = np.array([20e-6, 30e-6, 40e-6, 50e-6])


def codes_of(latent: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[int]:
    return [round((1 / g - 75) * 256 / 100e3) for g in latent.tolist()]


def test_a_refused_request_leaves_no_byte_on_the_wire(make_bench: MakeBench) -> None:
    bench, link = make_bench(limits={"voltage": "3 V"})
    link.written = b""
    with pytest.raises(LimitExceeded, match=r"node in1 to 3\.5 V, the limit is 3 V"):
        bench.settle([Boundary({0: 1.0, 1: 3.5})], program=LATENT)
    assert link.written == b""
    assert bench.exchange_index == 0


def test_a_branch_is_refused_by_its_current_at_the_conductive_end_of_its_tolerance(
    make_bench: MakeBench,
) -> None:
    """20 µS nominal is 25 µS on a part of 80 kohm: 50 µA at 2 V."""
    for limit, refused in (("49.9 uA", True), ("50.1 uA", False)):
        bench, _ = make_bench(limits={"branch_current": limit})
        code = round((1 / 20e-6 - 75) * 256 / 100e3)
        latent = np.full(4, 1 / (75 + 100e3 * code / 256))
        current = 2 / (75 + 80e3 * code / 256)
        assert current == pytest.approx(50e-6, rel=2e-3)
        if refused:
            with pytest.raises(LimitExceeded, match="branch in0-out0 to"):
                bench.settle([Boundary({0: 1.0, 1: 3.0})], program=latent)
        else:
            bench.settle([Boundary({0: 1.0, 1: 3.0})], program=latent)


def test_an_exchange_writes_the_codes_and_then_imposes(make_bench: MakeBench) -> None:
    bench, link = make_bench()
    link.written = b""
    states = bench.settle([Boundary(LEVELS)], program=LATENT)
    written, imposed = DECODER.events(link.written)
    assert isinstance(written, Written)
    assert isinstance(imposed, Imposed)
    assert [written.codes[k] for k in range(4)] == codes_of(LATENT)
    assert imposed.forced == pytest.approx(LEVELS)
    assert bench.codes_of(LATENT).tolist() == codes_of(LATENT)
    np.testing.assert_array_equal(bench.branch_values(), codes_of(LATENT))
    np.testing.assert_allclose(states.conductances, bench.realised())
    assert (states.voltage_origin == Origin.MEASURED).all()
    link.written = b""
    bench.settle([Boundary(LEVELS)])
    (again,) = DECODER.events(link.written)
    assert again == imposed, "what the board holds is not written once more"


def test_a_voltage_at_a_limit_between_two_levels_is_rounded_inward(make_bench: MakeBench) -> None:
    lsb = 5 / 65535
    limit = 9174.9 * lsb
    bench, link = make_bench(limits={"voltage": f"{limit!r} V"})
    link.written = b""
    bench.settle([Boundary({0: limit, 1: 0.0})])
    (imposed,) = DECODER.events(link.written)
    assert isinstance(imposed, Imposed)
    assert imposed.forced[0] == pytest.approx(9174 * lsb, rel=1e-12)


def test_a_masked_branch_keeps_its_code_while_the_others_are_written(make_bench: MakeBench) -> None:
    bench, _ = make_bench(mask=("in0-out1",))
    before = bench.branch_values()[1]
    bench.settle([Boundary(LEVELS)], program=LATENT)
    assert bench.branch_values()[1] == before
    bench.write_codes(np.array([100, 101, 102, 103]))
    bench.settle([Boundary(LEVELS)], program=LATENT)
    assert bench.branch_values()[1] == 101, "what the board holds now, not what it held when it was opened"


class Breaking(ServedLink):
    """Loses its frames while it is broken."""

    broken = False

    def write(self, data: bytes) -> None:
        if not self.broken:
            super().write(data)


def test_after_an_exchange_that_broke_off_the_next_one_sends_all_codes_again(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.benches.ServedLink", Breaking)
    bench, link = make_bench()
    assert isinstance(link, Breaking)
    bench.settle([Boundary(LEVELS)], program=LATENT)
    link.broken = True
    with pytest.raises(LinkTimeout):
        bench.settle([Boundary(LEVELS)], program=LATENT * 1.5)
    link.broken, link.written = False, b""
    states = bench.settle([Boundary(LEVELS)])
    released, written, _ = DECODER.events(link.written)
    assert isinstance(released, Released), "a new session starts with everything released"
    assert isinstance(written, Written)
    assert [written.codes[k] for k in range(4)] == codes_of(LATENT)
    np.testing.assert_allclose(1 / states.conductances, 1 / LATENT, rtol=0.01)


class Resetting(ServedLink):
    """A board that can be switched off and on behind its link."""

    boot_count = 1

    def reset(self) -> None:
        self.boot_count += 1
        config = rig()
        model, _ = simulation_of(config.board)
        self.board = serve(model, build_topology(config.network), self.boot_count)


def test_a_reset_is_noticed_within_one_exchange_and_undone(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.benches.ServedLink", Resetting)
    bench, link = make_bench()
    assert isinstance(link, Resetting)
    before = bench.settle([Boundary(LEVELS)], program=LATENT)
    link.reset()
    after = bench.settle([Boundary(LEVELS)])
    np.testing.assert_array_equal(after.node_voltages, before.node_voltages)
    assert (bench.resets, bench.boot_count) == (1, 2)
    link.reset()
    bench.write_codes(np.array([100, 101, 102, 103]))
    assert (bench.resets, bench.boot_count) == (2, 3)


def test_a_board_that_resets_again_and_again_is_not_waited_for(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Flapping(Resetting):
        flapping = False

        def write(self, data: bytes) -> None:
            super().write(data)
            if self.flapping and b"\x10" in data:
                self.reset()

    monkeypatch.setattr("tests.support.benches.ServedLink", Flapping)
    bench, link = make_bench()
    assert isinstance(link, Flapping)
    bench.settle([Boundary(LEVELS)], program=LATENT)
    link.flapping = True
    with pytest.raises(BoardReset, match="was reset"):
        bench.settle([Boundary(LEVELS)], program=LATENT * 1.5)
    link.flapping = False


def test_a_closed_bench_says_so_and_can_be_made_safe_once_more(make_bench: MakeBench) -> None:
    bench, _ = make_bench()
    bench.close()
    with pytest.raises(LinkClosed):
        bench.settle([Boundary(LEVELS)])
    bench.make_safe()
    bench.close()
