"""A board that learns, behind frames: what is sent to it, and what is done about its resets and its lies."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from labrig.arrays import CodeArray
from labrig.bench.bench import Bench
from labrig.boards.learning import LatentScale, latent_scale
from labrig.boards.wired import WiredBoard
from labrig.circuit.boundary import Boundary
from labrig.circuit.build import build_topology
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot
from labrig.errors import ConfigError, LimitExceeded, ReadbackMismatch
from labrig.sim.build import simulation_of
from labrig.wire.definition import LearnRequest, Message
from labrig.wire.framing import FrameDecoder
from tests.support.benches import bench_on, rig, serve
from tests.support.links import ServedLink

INPUTS, OUTPUTS = 3, 2
FREE = Boundary({0: 1.0, 1: 2.0, 2: 3.5})
CLAMPED = Boundary({**FREE.voltages, 3: 1.7, 4: 2.6})
PAIR = [FREE, CLAMPED]
RATE = 3e-6


class Resetting(ServedLink):
    """A board that can be reset right behind the next LEARN that it is sent: its answer is lost as well."""

    resets_left = 0
    boot_count = 1

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.resets_left and any(frame.type == Message.LEARN for frame in FrameDecoder().feed(data)):
            while self._down:
                self._step(0.0)
            self._up.clear()
            self.resets_left -= 1
            self.boot_count += 1
            config = rig(INPUTS, OUTPUTS)
            model, _ = simulation_of(config.board)
            self.board = serve(model, build_topology(config.network), self.boot_count)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Bench, WiredBoard, Resetting]]:
    monkeypatch.setattr("tests.support.benches.ServedLink", Resetting)
    bench, board, link = bench_on(rig(INPUTS, OUTPUTS, limits={"voltage": "5 V", "branch_current": "2.5 mA"}))
    assert isinstance(link, Resetting)
    yield bench, board, link
    board.close()


def scaled(bench: Bench, floor: float = 12e-6, ceiling: float | None = None) -> LatentScale:
    bench.restrict((floor, ceiling), span=2.5, learns=True)
    law = bench.programmer.law
    assert isinstance(law, RheostatLaw)
    return latent_scale(law, RATE, 1, 1, bench.info)


def start(scale: LatentScale) -> CodeArray:
    return scale.latents(np.linspace(15e-6, 40e-6, INPUTS * OUTPUTS))


def sent(link: ServedLink) -> list[Message]:
    found = [Message(frame.type) for frame in FrameDecoder().feed(link.written)]
    link.written = b""
    return found


def test_only_the_first_exchange_carries_codes_and_latents(
    opened: tuple[Bench, WiredBoard, Resetting],
) -> None:
    bench, _, link = opened
    scale = scaled(bench)
    _, none = bench.learn(PAIR, scale.terms, start(scale), 0)
    assert none is None
    sent(link)
    _, first = bench.learn(PAIR, scale.terms, start(scale), 5)
    assert first is not None
    found = [
        Message.APPLY,
        Message.LATENT_WRITE,
        Message.LEARN,
        Message.LATENT_READ,
        Message.DIGEST,
        Message.MEASURE,
    ]
    assert sent(link) == found
    bench.learn(PAIR, scale.terms, first.latents, 5)
    found.remove(Message.LATENT_WRITE)
    assert sent(link) == found


def test_steps_in_one_exchange_are_the_steps_of_several(opened: tuple[Bench, WiredBoard, Resetting]) -> None:
    bench, _, _ = opened
    scale = scaled(bench)
    _, at_once = bench.learn(PAIR, scale.terms, start(scale), 12)
    latents = start(scale)
    for steps in (5, 1, 6):
        _, found = bench.learn(PAIR, scale.terms, latents, steps)
        assert found is not None
        latents = found.latents
    assert at_once is not None
    np.testing.assert_array_equal(latents, at_once.latents)
    assert np.any(latents != start(scale))


def test_a_reset_in_mid_learn_is_noticed_and_the_steps_are_done_again(
    opened: tuple[Bench, WiredBoard, Resetting],
) -> None:
    bench, _, link = opened
    scale = scaled(bench)
    states, expected = bench.learn(PAIR, scale.terms, start(scale), 12)
    link.resets_left = 1
    again, found = bench.learn(PAIR, scale.terms, start(scale), 12)
    assert (bench.resets, bench.boot_count) == (1, 2)
    assert expected is not None
    assert found is not None
    np.testing.assert_array_equal(found.latents, expected.latents)
    np.testing.assert_array_equal(again.node_voltages, states.node_voltages)


def test_latents_move_as_the_rule_says(opened: tuple[Bench, WiredBoard, Resetting]) -> None:
    bench, _, _ = opened
    scale = scaled(bench)
    states, _ = bench.learn(PAIR, scale.terms, start(scale), 0)
    free, clamped = bench.topology.branch_voltages(states.node_voltages)
    _, found = bench.learn(PAIR, scale.terms, start(scale), 1)
    assert found is not None
    expected = scale.conductances(start(scale)) + RATE * (free**2 - clamped**2)
    adc, terms = bench.info.adc, scale.terms
    assert adc is not None
    pulls = np.abs(free - clamped) / (adc.lsb * 2.0 ** (adc.bits - 16))
    # A change is rounded to half a unit, and a level by less than one; the mean in it by half a reading.
    bound = (0.5 + pulls * (1 + terms.rate / 2**9) / 2**terms.shift) * scale.unit
    assert np.all(np.abs(scale.conductances(found.latents) - expected) <= bound)


def at_the_lowest(request: LearnRequest, latents: CodeArray) -> CodeArray:
    return np.full(latents.shape, request.lowest, np.int64)


def test_codes_that_the_latents_do_not_stand_for_are_found_out(
    opened: tuple[Bench, WiredBoard, Resetting], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _, _ = opened
    scale = scaled(bench)
    monkeypatch.setattr("labrig.sim.serving.learning._codes", at_the_lowest)
    with pytest.raises(ReadbackMismatch, match="its latents stand for"):
        bench.learn(PAIR, scale.terms, start(scale), 1)


def test_the_supervisor_refuses_codes_that_the_board_might_choose(
    opened: tuple[Bench, WiredBoard, Resetting],
) -> None:
    bench, _, link = opened
    scale = scaled(bench)  # for 2.5 V
    sent(link)
    wide = Boundary({**FREE.voltages, 2: 4.9})
    with pytest.raises(LimitExceeded, match="nothing was sent"):
        bench.learn([wide, wide], scale.terms, start(scale), 1)
    assert sent(link) == []


def law(lowest: int, part: str = "MCP4351-104") -> RheostatLaw:
    nominal = RheostatLaw.nominal(digipot(part), 4)
    return RheostatLaw(nominal.end_to_end, nominal.wiper, nominal.steps, np.full(4, lowest), np.full(4, 255))


@pytest.mark.parametrize("part", ["MCP4351-104", "MCP4351-502"])
@pytest.mark.parametrize("lowest", [0, 3, 128, 250])
def test_codes_are_of_the_nearest_resistance(
    opened: tuple[Bench, WiredBoard, Resetting], lowest: int, part: str
) -> None:
    info = opened[0].info
    exact = law(lowest, part)
    scale = latent_scale(exact, 3e-6, 1, 1, info)
    latents = np.random.default_rng(1).integers(scale.terms.floor, scale.terms.ceiling + 1, (2000, 4))
    for row in latents:
        codes = scale.terms.codes(row)
        taps = exact.steps / exact.end_to_end
        away = (1 / exact.conductances(codes) - 1 / scale.conductances(row)) * taps
        # The offset is rounded to 1/256 of a tap, and the law to half of one.
        rounding = 1 / 256 + (codes + exact.wiper * taps) / (2 * scale.terms.law)
        assert np.all(
            (np.abs(away) <= 0.5 + rounding) | (codes == lowest) & (away > 0) | (codes == 255) & (away < 0)
        )


def test_bounds_in_latents_lie_within_the_bounds_of_the_law(
    opened: tuple[Bench, WiredBoard, Resetting],
) -> None:
    exact = law(3)
    scale = latent_scale(exact, 3e-6, 1, 1, opened[0].info)
    lowest, highest = exact.conductances(exact.highest)[0], exact.conductances(exact.lowest)[0]
    floor, ceiling = scale.conductances(np.array([scale.terms.floor, scale.terms.ceiling]))
    slack = 1 + 4 * np.finfo(float).eps
    assert lowest <= floor * slack
    assert ceiling <= highest * slack
    np.testing.assert_array_equal(
        scale.terms.codes(np.array([scale.terms.floor, scale.terms.ceiling])), [255, 3]
    )


def test_branches_of_several_laws_are_refused(opened: tuple[Bench, WiredBoard, Resetting]) -> None:
    exact = law(3)
    exact.end_to_end[1] *= 1.01
    with pytest.raises(ConfigError, match="one tap law"):
        latent_scale(exact, 3e-6, 1, 1, opened[0].info)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"mask": ["in0-out0"]}, "mask"),
        ({"wiring": {"inputs": {"in0": "dac1", "in1": "dac0", "in2": "dac2"}}}, "wired in order"),
    ],
)
def test_a_rig_that_is_not_the_boards_own_crossbar_is_refused(changes: dict[str, Any], why: str) -> None:
    bench, board, _ = bench_on(rig(INPUTS, OUTPUTS, **changes))
    with pytest.raises(ConfigError, match=why):
        bench.check_learning()
    board.close()


@pytest.mark.parametrize("part", ["MCP4351-104", "MCP4351-502"])
@pytest.mark.parametrize("lowest", [0, 1, 10, 200])
def test_at_any_rate_codes_and_bounds_are_those_of_the_law_or_the_rate_is_refused(
    opened: tuple[Bench, WiredBoard, Resetting], lowest: int, part: str
) -> None:
    exact, refused = law(lowest, part), 0
    codes = np.arange(lowest, 256)
    ohms, wiper = np.full(len(codes), exact.end_to_end[0]), np.full(len(codes), exact.wiper[0])
    every = RheostatLaw(ohms, wiper, exact.steps, np.full(len(codes), lowest), np.full(len(codes), 255))
    for rate in np.geomspace(1e-9, 1e-1, 500).tolist():
        try:
            scale = latent_scale(exact, rate, 1, 1, opened[0].info)
        except ConfigError:
            refused += 1
            continue
        ends = scale.terms.codes(np.array([scale.terms.floor, scale.terms.ceiling]))
        assert ends.tolist() == [255, lowest]
        np.testing.assert_array_equal(scale.terms.codes(scale.latents(every.conductances(codes))), codes)
    assert 0 < refused < 400
    with pytest.raises(ConfigError, match=r"learning\.step\.rate: 0\.1 S/V\^2 is too large"):
        latent_scale(exact, 0.1, 1, 1, opened[0].info)
    with pytest.raises(ConfigError, match="too small"):
        latent_scale(exact, 1e-12, 1, 1, opened[0].info)
