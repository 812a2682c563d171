"""An update of a hundred samples is one turn-around, or two where the host computes its second state."""

from collections import Counter
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.boards import quality
from labrig.boards.base import Counters
from labrig.circuit.topology import Topology
from labrig.config.boards import NudgeConfig
from labrig.config.learning import LearningConfig
from labrig.config.links import LinkConfig
from labrig.learning.bounds import Bounds
from labrig.learning.build import build_policy, build_rule
from labrig.learning.loop import loop
from labrig.learning.orders import WholeTask
from labrig.learning.tasks import Sample
from labrig.links import opening
from labrig.links.base import Link
from labrig.links.transcript import RecordingLink
from labrig.wire.boundaries import Shape, decode_boundaries
from labrig.wire.definition import MAX_PAYLOAD, MeasureRequest, Message
from labrig.wire.messages import decode
from tests.support.boards import StartBoard
from tests.support.contract import volts
from tests.support.subjects import WITH_CHIPS
from tests.support.wiretap import Sent, frames_written, requests

Rule = dict[str, object]

SAMPLES, INPUTS, OUTPUTS = 100, 4, 3
RIG = "network: {{kind: crossbar, inputs: 4, outputs: 3}}\nboard: {board}\nlimits: {{voltage: 5 V}}\n"
MODEL = "elements: {kind: digipot, part: MCP4351-104}, adc: {bits: 16, span: 5 V}, dac: {bits: 14, span: 5 V}"
NUDGE = "nudge: {{toward: {toward}, through: {through}, inject: {inject}}}"

CONTRASTIVE: Rule = {"kind": "contrastive"}
COUPLED: Rule = {"kind": "coupled", "nudge": 0.5}
EQUILIBRIUM: Rule = {"kind": "equilibrium", "nudge": 2e-6}
NOTHING = NudgeConfig(toward=False, through=False, inject=False)

# Bytes of a boundary in a request: its sections, then a bitmap and 14 bits a code for the lines of each.
FREE = 1 + (1 + 7)
CLAMPS, TOWARD, THROUGH, INJECT = 1 + 6, 1 + 2 + 6, 1 + 4 + 6, 1 + 3 * 4


@dataclass(frozen=True)
class Expected:
    """What an update comes to."""

    exchanges: tuple[tuple[int, float], ...]
    """Of each: how many states, and how many bytes of a request one takes on average."""
    ways: set[str]
    """In which outputs are driven."""

    @property
    def turns(self) -> int:
        return len(self.exchanges)

    @property
    def frames(self) -> Counter[Message]:
        """The codes in one frame; as many states in one as reply and request hold; codes always confirmed."""
        in_a_reply = MAX_PAYLOAD // ((INPUTS + OUTPUTS) * 16 // 8)
        room = MAX_PAYLOAD - MeasureRequest.layout.size
        measures = sum(ceil(states / min(in_a_reply, room // size)) for states, size in self.exchanges)
        expected = Counter({Message.WRITE: 1, Message.APPLY: 1, Message.MEASURE: measures})
        return expected + Counter({Message.DIGEST: self.turns - 1})


def together(second: int, way: str) -> Expected:
    """Free and second states in one exchange; a second state has the inputs of the one before."""
    return Expected(((2 * SAMPLES, (FREE + 1 + second) / 2),), {way})


def apart(second: int, way: str) -> Expected:
    """All free states, then all second ones."""
    return Expected(((SAMPLES, FREE), (SAMPLES, FREE + second)), {way})


CASES = [
    pytest.param(CONTRASTIVE, NudgeConfig(), together(CLAMPS, "clamps"), id="contrastive"),
    pytest.param(CONTRASTIVE, NOTHING, together(CLAMPS, "clamps"), id="contrastive, board without nudges"),
    pytest.param(COUPLED, NudgeConfig(), together(TOWARD, "toward"), id="coupled, by the board"),
    pytest.param(COUPLED, NudgeConfig(toward=False), apart(CLAMPS, "clamps"), id="coupled, by the host"),
    pytest.param(EQUILIBRIUM, NudgeConfig(), together(THROUGH, "through"), id="equilibrium, by the board"),
    pytest.param(
        EQUILIBRIUM, NudgeConfig(through=False), apart(INJECT, "inject"), id="equilibrium, by a current"
    ),
]


def learning(rule: Rule) -> LearningConfig:
    return LearningConfig.model_validate(
        {
            "rule": rule,
            "step": {"kind": "fixed", "rate": 1e-6},
            "bounds": {"floor": "10 uS"},
            "initial": {"kind": "constant", "conductance": "30 uS"},
        }
    )


def samples() -> list[Sample]:
    rng = np.random.default_rng(4)
    return [
        Sample(
            volts(rng, range(INPUTS), 0.5, 4.5),
            volts(rng, range(INPUTS, INPUTS + OUTPUTS), 1.5, 3.5),
        )
        for _ in range(SAMPLES)
    ]


def second_update(rig: Path, rule: Rule) -> tuple[Counters, Counters, Counters]:
    """What was counted before and after the second update of a training, and at its end."""
    with labrig.open_bench(labrig.load_rig(rig)) as bench:
        config = learning(rule)
        branches = INPUTS * OUTPUTS
        steps = loop(
            bench,
            build_rule(config, bench.nudging),
            build_policy(
                config,
                bench.topology,
                samples(),
                np.zeros(branches, dtype=np.bool_),
                np.random.default_rng(0),
            ),
            WholeTask(samples()),
            initial=np.linspace(20e-6, 60e-6, branches),
            bounds=Bounds(np.full(branches, 10e-6), np.full(branches, 300e-6)),
        )
        next(steps)
        before = bench.counters
        next(steps)
        after = bench.counters
    return before, after, bench.counters


@pytest.mark.parametrize(("rule", "nudge", "expected"), CASES)
def test_on_compiled_firmware_counted_on_the_wire(
    rule: Rule,
    nudge: NudgeConfig,
    expected: Expected,
    start_board: StartBoard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transcript = tmp_path / "link.jsonl"
    open_link = opening.open_link

    def recorded(config: LinkConfig) -> Link:
        return RecordingLink(open_link(config), transcript)

    monkeypatch.setattr(opening, "open_link", recorded)
    monkeypatch.setattr(quality, "_FLOOR", 10.0)  # a busy machine is no bad link, for which frames shrink
    model = WITH_CHIPS.model_copy(update={"nudge": nudge})
    process = start_board(model, Topology.crossbar(INPUTS, OUTPUTS))
    rig = tmp_path / "rig.yaml"
    board = f"{{kind: firmware, link: {{kind: serial, port: {process.resource}}}}}"
    rig.write_text(RIG.format(board=board), encoding="utf-8")

    before, after, end = second_update(rig, rule)

    update = last_update(requests(transcript))
    assert len({request.turn for request in update}) == expected.turns
    assert kinds(update) == expected.frames
    assert ways_used(update) == expected.ways
    assert after.turn_arounds - before.turn_arounds == after.exchanges - before.exchanges == expected.turns
    assert after.measurements - before.measurements == 2 * SAMPLES
    assert end.frames == len(frames_written(transcript))


def last_update(sent: list[Sent]) -> list[Sent]:
    """From the last write up to the release."""
    kinds = [request.message for request in sent]
    start = max(k for k, kind in enumerate(kinds) if kind in {Message.WRITE, Message.WRITE_SPARSE})
    return sent[start : kinds.index(Message.SAFE)]


def kinds(sent: list[Sent]) -> Counter[Message]:
    """How many frames of each kind; both kinds of write are one."""
    sparse = {Message.WRITE_SPARSE: Message.WRITE}
    return Counter(sparse.get(request.message, request.message) for request in sent)


def ways_used(sent: list[Sent]) -> set[str]:
    """In which ways outputs were driven."""
    found: set[str] = set()
    for request in sent:
        if request.message != Message.MEASURE:
            continue
        measure = decode(MeasureRequest, request.payload)
        for boundary in decode_boundaries(measure.body, measure.boundaries, Shape(INPUTS, OUTPUTS, 14)):
            ways = {
                "clamps": boundary.clamps,
                "toward": boundary.toward,
                "through": boundary.through,
                "inject": boundary.inject,
            }
            found |= {way for way, driven in ways.items() if driven}
    return found


@pytest.mark.parametrize(("rule", "nudge", "expected"), CASES)
def test_on_the_simulated_board_by_its_own_count(
    rule: Rule, nudge: NudgeConfig, expected: Expected, tmp_path: Path
) -> None:
    rig = tmp_path / "rig.yaml"
    flags = NUDGE.format(**{name: str(flag).lower() for name, flag in nudge.model_dump().items()})
    board = f"{{kind: simulated, {MODEL}, {flags}}}"
    rig.write_text(RIG.format(board=board), encoding="utf-8")
    before, after, _ = second_update(rig, rule)
    assert after.turn_arounds - before.turn_arounds == after.exchanges - before.exchanges == expected.turns
    assert after.measurements - before.measurements == 2 * SAMPLES
