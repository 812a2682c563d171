"""No request puts a frame over a limit on the wire: told from the bytes and Kirchhoff's laws."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance, TowardTarget
from labrig.errors import ConfigError, LimitExceeded
from tests.support.benches import bench_on, rig
from tests.support.decoding import Decoder, Event, Imposed, Released, Written

INPUTS, OUTPUTS = 2, 2
LINES, BRANCHES = INPUTS + OUTPUTS, INPUTS * OUTPUTS
END_TO_END, WIPER, STEPS, TOLERANCE = 100e3, 75.0, 256, 0.2
DAC_SPAN, WIPER_CURRENT = 5.0, 2.5e-3
FLOAT, ROUNDING = 1e-8, 1e-6
"""Relative: of a limit that is met exactly, and of solving."""
PICOAMPERE = 1e-12


@dataclass(frozen=True)
class Limits:
    """As the rig says them; the part's wiper current and the DAC's span hold beside them."""

    voltage: float
    branch_current: float
    branch_power: float
    conductance: float
    slew: float


@dataclass
class Ohmmeter:
    """A board's true branches, anywhere within their tolerance, and what may be on them."""

    end_to_end: NDArray[np.float64]
    limits: Limits
    codes: NDArray[np.int64]
    imposed: Imposed = field(default_factory=lambda: Imposed(0.0))
    reference: Mapping[int, float] | None = None

    def siemens(self, codes: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(1 / (WIPER + self.end_to_end * codes / STEPS))

    def happen(self, event: Event) -> None:
        """Let every state that may come up on the way to the new one come up, and look at each."""
        if isinstance(event, Written):
            new = self.codes.copy()
            new[list(event.codes)] = list(event.codes.values())
            written = self.siemens(new)[list(event.codes)]
            assert (written <= self.limits.conductance * (1 + ROUNDING)).all()
            for which in product((False, True), repeat=len(event.codes)):
                mixed = self.codes.copy()
                places = [k for k, changed in zip(event.codes, which, strict=True) if changed]
                mixed[places] = new[places]
                self.look(self.imposed, mixed)
            self.codes = new
        elif isinstance(event, Released):
            self.imposed = Imposed(0.0)
        else:
            new_state = self.pulled(event)
            self.look_at_slew(self.imposed, new_state)
            for mixed_state in mixtures(self.imposed, new_state):
                self.look(mixed_state, self.codes)
            self.imposed = new_state
            if event.is_reference:
                self.reference = dict(enumerate(self.volts(new_state, self.codes)))

    def pulled(self, state: Imposed) -> Imposed:
        """The same with pulls toward a target as the voltages that they come to."""
        forced = dict(state.forced)
        for line, (target, fraction) in state.toward.items():
            assert self.reference is not None
            x = self.reference[line]
            forced[line] = min(max(x + fraction * (target - x), 0.0), DAC_SPAN)
        return replace(state, forced=forced, toward={})

    def volts(self, state: Imposed, codes: NDArray[np.int64]) -> NDArray[np.float64]:
        g = self.siemens(codes).reshape(INPUTS, OUTPUTS)
        matrix = np.zeros((LINES, LINES))
        matrix[:INPUTS, INPUTS:] = -g
        matrix += matrix.T
        matrix -= np.diag(matrix.sum(axis=1))
        right = np.zeros(LINES)
        for line, (volts, siemens) in state.through.items():
            matrix[line, line] += siemens
            right[line] += siemens * volts
        for line, amperes in state.injected.items():
            right[line] += amperes
        for line, volts in state.forced.items():
            matrix[line] = np.eye(LINES)[line]
            right[line] = volts
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0], dtype=np.float64)

    def look(self, state: Imposed, codes: NDArray[np.int64]) -> None:
        for volts in (*state.forced.values(), *(volts for volts, _ in state.through.values())):
            assert abs(volts) <= min(self.limits.voltage, DAC_SPAN) * (1 + FLOAT)
        potentials = self.volts(state, codes)
        over = np.abs(potentials[:INPUTS, None] - potentials[None, INPUTS:]).ravel()
        g = self.siemens(codes)
        current = over * g
        if state.forced or state.through or state.injected:
            assert (g <= self.limits.conductance * (1 + ROUNDING)).all()
        most = min(self.limits.branch_current, WIPER_CURRENT)
        assert (current <= most * (1 + ROUNDING) + OUTPUTS * PICOAMPERE).all()
        assert (over * current <= self.limits.branch_power * (1 + ROUNDING) + PICOAMPERE * DAC_SPAN).all()

    def look_at_slew(self, old: Imposed, new: Imposed) -> None:
        for line in {*old.forced, *new.forced, *old.through, *new.through}:
            before, after = (
                state.forced.get(line, state.through.get(line, (0.0, 0.0))[0]) for state in (old, new)
            )
            step = abs(after - before)
            assert step <= self.limits.slew * new.settle * (1 + ROUNDING) or math.isinf(self.limits.slew)


def mixtures(old: Imposed, new: Imposed) -> Iterator[Imposed]:
    """Each driver does what it did or what it will do."""
    for which in product((old, new), repeat=LINES):
        mixed = Imposed(0.0)
        for line, state in enumerate(which):
            for name in ("forced", "through", "injected"):
                if line in getattr(state, name):
                    getattr(mixed, name)[line] = getattr(state, name)[line]
        yield mixed


Request = tuple[NDArray[np.float64] | None, list[Boundary]]


class Fuzz:
    """Requests as odd as a user's, and limits near what they take: a function of the seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def requests(self) -> list[Request]:
        return [(self.program(), self.boundaries()) for _ in range(self.rng.integers(1, 6))]

    def program(self) -> NDArray[np.float64] | None:
        kind = self.rng.integers(4)
        if kind == 0:
            return None
        return self.decades(5e-6, 4e-4 if kind < 3 else 2e-2, BRANCHES)

    def boundaries(self) -> list[Boundary]:
        found: list[Boundary] = []
        kinds = self.rng.choice(["force inject", "pull", "pull through", "inject", "force"]).split()
        for number in range(self.rng.integers(4)):
            voltages: dict[int, float] = {}
            currents: dict[int, float] = {}
            nudges: dict[int, Nudge] = {}
            fraction = float(self.rng.choice([0.1, 0.5, 1.0, 1.7, -0.4]))
            siemens = float(self.decades(1e-8, 1e-2))
            for node in range(LINES):
                what = self.rng.choice([*(kinds if node >= INPUTS else ["force", "force"]), "release"])
                if what == "force":
                    voltages[node] = self.volts()
                elif what == "inject":
                    currents[node] = float(self.decades(1e-8, 1e-3) * self.rng.choice([-1, 1]))
                elif what == "pull" and number:
                    nudges[node] = TowardTarget(self.volts(), fraction, 0)
                elif what == "through":
                    nudges[node] = ThroughConductance(self.volts(), siemens)
            found.append(Boundary(voltages, currents, nudges))
        return found

    def volts(self) -> float:
        return float(self.rng.choice([0.0, 1.0, 3.3, 5.0, self.rng.uniform(0, 5.01), self.rng.uniform(2, 3)]))

    def decades(self, low: float, high: float, size: int | None = None) -> NDArray[np.float64]:
        return np.asarray(np.exp(self.rng.uniform(math.log(low), math.log(high), size)))

    def limits(self, requests: list[Request]) -> Limits:
        """About what the boundaries take one by one, so that what they take together decides."""
        spans, conductances = [1e-3], [1e-6]
        for latent, asked in requests:
            conductances += [] if latent is None else [float(latent.max()) / (1 - TOLERANCE)]
            for boundary in asked:
                levels = [*boundary.voltages.values(), *(n.target for n in boundary.nudges.values())]
                spans += [max(1e-3, max(levels) - min(levels))] if levels else []
        span, g = (float(self.rng.choice(sorted(some)[-3:])) for some in (spans, conductances))
        injected = max(
            (sum(map(abs, b.currents.values())) for _, asked in requests for b in asked), default=0.0
        )
        current = span * g + injected
        return Limits(
            voltage=self.maybe(float(self.rng.choice([1.0, 3.3, 4.0, self.rng.uniform(0.5, 5)]))),
            branch_current=self.maybe(current),
            branch_power=self.maybe(span * current),
            conductance=self.maybe(g),
            slew=self.maybe(span / 0.01) if self.rng.integers(4) == 0 else math.inf,
        )

    def maybe(self, limit: float) -> float:
        return float(limit * self.rng.uniform(0.8, 2.5)) if self.rng.integers(2) else math.inf

    def end_to_end(self) -> NDArray[np.float64]:
        share = self.rng.choice([-1.0, 1.0, self.rng.uniform(-1, 1)], BRANCHES)
        return np.asarray(END_TO_END * (1 + TOLERANCE * share))


def as_written(limits: Limits) -> dict[str, Any]:
    units = {"voltage": "V", "branch_current": "A", "branch_power": "W", "conductance": "S", "slew": "V/s"}
    values = {name: getattr(limits, name) for name in units}
    return {name: f"{float(value)!r} {units[name]}" for name, value in values.items() if math.isfinite(value)}


@settings(max_examples=200, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 2**64 - 1))
def test_no_request_puts_a_frame_over_a_limit_on_the_wire(seed: int) -> None:
    fuzz = Fuzz(seed)
    requests = fuzz.requests()
    limits = fuzz.limits(requests)
    config = rig(INPUTS, OUTPUTS, board={"settle": "10 ms"}, limits=as_written(limits))
    bench, board, link = bench_on(config)
    decoder = Decoder(INPUTS, OUTPUTS, code_bits=9, dac_bits=16, dac_span=DAC_SPAN)
    held = np.asarray(bench.held().values, dtype=np.int64)
    meter = Ohmmeter(fuzz.end_to_end(), limits, held)
    try:
        for latent, asked in requests:
            link.written = b""
            try:
                bench.settle(asked, program=latent)
            except (LimitExceeded, ConfigError) as refusal:
                event(type(refusal).__name__)
                assert not list(decoder.events(link.written)), "a refused request leaves nothing on the wire"
                continue
            event("admitted")
            for happening in decoder.events(link.written):
                meter.happen(happening)
    finally:
        board.close()
