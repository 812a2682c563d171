"""The looks beside a training that see a board drift, and what is done about it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from labrig.bench.bench import Bench
from labrig.bench.corrections import Corrections
from labrig.circuit.build import build_wires
from labrig.config.calibration import Calibration
from labrig.config.calibrations import read_calibration
from labrig.config.drift import DriftConfig
from labrig.config.experiment import ExperimentConfig
from labrig.config.loading import validated
from labrig.errors import ConfigError, RunError
from labrig.learning.tasks import Sample
from labrig.learning.watching import Look, Watch
from labrig.procedures.board_check.levels import Drive
from labrig.procedures.calibrating.calibrate import calibrate_adc
from labrig.procedures.calibrating.sealing import raw_file, write_calibration
from labrig.procedures.training.reference import Reference
from labrig.store.columns import Column, Value
from labrig.units import format_quantity

_LEAST_SPAN = 0.05
"""Of the board's range, in which a reference can be looked at."""
_MOST_NAMED = 3
"""Nodes that a sentence names."""


@dataclass(frozen=True, slots=True)
class DriftPlan:
    """How the drift of this board is watched during this training."""

    config: DriftConfig
    reference: Reference
    band: tuple[float, float] | None
    """Degrees Celsius at which the calibration was made, and kelvins in which it holds; None: it has none."""
    calibrated: Calibration | None
    """What the bench was opened with."""

    def looks(self, steps: int) -> int:
        """Taken in so many updates."""
        return steps // self.config.every + 1


def plan_drift(bench: Bench, experiment: ExperimentConfig, samples: tuple[Sample, ...]) -> DriftPlan | None:
    """Resolve what an experiment says of drift on an opened bench; None: nothing.

    Raises
    ------
    ConfigError
        The branch that it names cannot be looked at on this board.
    """
    config = experiment.drift
    if config is None:
        return None
    used = experiment.rig.calibration
    band = None
    accepted = experiment.rig.accept_calibration
    if used is not None and used.temperature_celsius is not None and "temperature" not in accepted:
        band = (used.temperature_celsius, used.valid_within_kelvin)
    drive = Drive.of(bench)
    levels = [volts for sample in samples for volts in (*sample.inputs.values(), *sample.targets.values())]
    low, high = max(min(levels), drive.low), min(max(levels), drive.high)
    if high - low < _LEAST_SPAN * drive.top:
        low = high = (min(levels) + max(levels)) / 2
    wires = None if used is None else used.wires
    ends = None if wires is None else build_wires(wires, bench.topology.nodes).ends
    reference = Reference(_branch(bench, experiment, config, high - low), low, high, config.repeats, ends)
    return DriftPlan(config, reference, band, used)


def _branch(bench: Bench, experiment: ExperimentConfig, config: DriftConfig, span: float) -> int | None:
    if config.reference == "none":
        return None
    number, why = bench.info.serial_number, None
    if bench.info.drive == 0:
        why = f"board {number} has no drive resistors to measure its current by"
    elif bench.info.pulses is not None:
        why = f"board {number} has memristors, whose noise differs from look to look"
    elif span == 0:
        why = "the voltages of the task are too near each other, or to the rails, to measure its current"
    names = [bench.topology.branch_name(k) for k in range(len(bench.topology.branches))]
    if config.reference != "auto":
        if why is not None:
            msg = f"drift.reference: {config.reference} cannot be watched: {why}; use none"
            raise ConfigError(msg)
        return names.index(config.reference)
    if why is not None or bench.topology.crossbar_shape is None:
        return None
    realised = bench.realised()
    masked = [names.index(name) for name in experiment.rig.mask]
    return next((k for k in masked if realised[k] > 0), None)


def drift_columns() -> list[Column]:
    """What a step tells of the look that came before it; nothing where there was none."""
    return [
        Column("reference", "S", "conductance of the reference branch"),
        Column("reference_uncertainty", "S", "standard, of the reference"),
        Column("offset_change", "V", "largest change of a node's reading at one potential"),
        Column("drift_sigmas", "", "largest change of all in its standard uncertainties"),
        Column("drift", "", "what departed, and what was done", "str"),
        Column("calibration", "", "SHA-256 of the calibration that was made then", "str"),
    ]


class Drifting:
    """Takes the looks of a training, and acts by its policy.

    Parameters
    ----------
    folder
        Of the run, in which new calibrations are written.
    """

    def __init__(self, bench: Bench, plan: DriftPlan, folder: Path) -> None:
        self._bench = bench
        self._plan = plan
        self._folder = folder
        nodes = len(bench.topology.nodes)
        kinds = np.zeros(nodes + 1, dtype=np.int64)
        kinds[-1] = 1
        branch = plan.reference.branch
        self._passes = np.full(nodes + 1, plan.config.offset)
        self._passes[-1] = 0.0 if branch is None else plan.config.change * float(bench.realised()[branch])
        self._watch = Watch(kinds, plan.config.limit, self._passes)
        self._band = plan.band
        self._since = 0
        self._last: int | None = None
        self._outside = False
        self._made: str | None = None
        self._row: dict[str, Value] = {}
        self._state = ""
        self.pause: str | None = None
        """Why the training shall end behind the present step; None: it shall not."""
        self.zero = False
        """Whether offsets shall be read anew before the present step."""

    def due(self, step: int) -> bool:
        """Whether a look comes before this step."""
        every = self._plan.config.every
        return self._last is None or step // every != self._last // every

    def look(self, step: int) -> None:
        """Take one, and do what the policy says; `zero` and `pause` are the caller's to carry out.

        Raises
        ------
        LimitExceeded, LinkError, ProtocolError, DeviceError
        RunError
            A new calibration cannot be written.
        """
        found = self._look()
        celsius = self._bench.celsius()
        text = "; ".join([*self._departures(found), *self._warmth(celsius)])
        self._row = {**_numbers(found), "celsius": celsius}
        self._last = step
        if text:
            self._watch.compare_with(found, self._plan.config.repeats)
            self._row["drift"] = text + self._act(step, text)
            self._since = step
        self._state = json.dumps(self._plain())

    def row(self) -> dict[str, Value]:
        """What the step behind a look stores of it; empty where there was none."""
        row, self._row = self._row, {}
        return row

    def state(self) -> str:
        """What a training that goes on needs."""
        return self._state

    def restore(self, text: str) -> None:
        """Go on where `state` was.

        Raises
        ------
        RunError
            The calibration that was made then is not there any more, or is another one.
        """
        if not text:
            return
        state: dict[str, Any] = json.loads(text)
        self._watch.restore(state["watch"])
        self._last, self._since = state["last"], state["since"]
        self._outside, self._state = state["outside"], text
        band = state["band"]
        self._band = None if band is None else (band[0], band[1])
        self._made = state["calibration"]
        use_again(self._bench, self._folder, state)

    def _plain(self) -> dict[str, Any]:
        file = None if self._made is None else self._folder / self._made
        return {
            "watch": self._watch.state(),
            "last": self._last,
            "since": self._since,
            "outside": self._outside,
            "band": self._band,
            "calibration": self._made,
            "sha256": None if file is None else sha256(file.read_bytes()).hexdigest(),
        }

    def _look(self) -> Look:
        sight = self._plan.reference.look(self._bench)
        return self._watch.look(sight.readings, sight.shared)

    def _departures(self, found: Look) -> Iterator[str]:
        since = f"than before step {self._since}"
        if found.departed[-1]:
            topology, branch = self._bench.topology, self._plan.reference.branch or 0
            before = found.values[-1] - found.changes[-1]
            share = found.changes[-1] / before
            more = "more" if share > 0 else "less"
            yield (
                f"reference {topology.branch_name(branch)} conducts {100 * abs(share):.3g} % {more} {since}"
                f" ({found.sigmas[-1]:.3g} standard deviations)"
            )
        nodes = np.flatnonzero(found.departed[:-1])
        if nodes.size:
            order = nodes[np.argsort(-np.abs(found.changes[nodes]))]
            named: list[int] = order[:_MOST_NAMED].tolist()
            names = ", ".join(self._bench.topology.nodes[k] for k in named)
            left = f" and {order.size - _MOST_NAMED} more" if order.size > _MOST_NAMED else ""
            most = order[0]
            verb = "read" if order.size > 1 else "reads"
            yield (
                f"{names}{left} {verb} up to {format_quantity(float(found.changes[most]), 'V', 3)} otherwise"
                f" {since} ({found.sigmas[most]:.3g} standard deviations)"
            )

    def _warmth(self, celsius: float | None) -> Iterator[str]:
        """The first time that the board has left the temperatures at which its calibration holds."""
        if celsius is None or self._band is None:
            return
        made_at, within = self._band
        outside = abs(celsius - made_at) > within
        if outside and not self._outside:
            yield (
                f"the board is at {celsius:.1f} °C, but its calibration holds at"
                f" {made_at:.1f} ± {within:g} °C"
            )
        self._outside = outside

    def _act(self, step: int, text: str) -> str:
        """Carry the policy out; how that is told behind what departed."""
        match self._plan.config.then:
            case "note":
                return ""
            case "zero":
                self.zero = True
                return "; offsets were read anew"
            case "pause":
                self.pause = f"the board drifts: {text}; see to it, then resume the run"
                return "; paused"
            case "recalibrate":
                made = self._recalibrate(step)
                return f"; converters were calibrated anew: {made}"

    def _recalibrate(self, step: int) -> str:
        """Measure the converters; what they are found to be holds from now on, and is in the run's folder."""
        bench, name = self._bench, f"drift-{step:06d}.json"
        path = self._folder / name
        for left in (path, raw_file(path)):  # of a step that was begun and not stored
            left.unlink(missing_ok=True)
        bench.make_safe()  # so that no branch has the task's voltage and the calibration's at once
        bench.correct(None)
        findings = calibrate_adc(bench, None, None, _silent)
        bench.make_safe()
        used = self._plan.calibrated
        valid = {} if used is None else {"days": used.valid_days, "kelvin": used.valid_within_kelvin}
        made = write_calibration(findings, bench, path, **valid)
        self._made = name
        _use(bench, made)
        if made.temperature_celsius is not None and self._band is not None:
            self._band, self._outside = (made.temperature_celsius, made.valid_within_kelvin), False
        self._row["calibration"] = made.sha256
        self.zero = True  # by the readings as they are corrected now
        self._watch.restart()
        self._look()
        return name


def use_again(bench: Bench, folder: Path, state: Mapping[str, Any]) -> None:
    """Correct by the calibration that a run made last because of drift, if it made one.

    Raises
    ------
    RunError
        It is not in the run's folder any more, or is another one.
    """
    if (name := state.get("calibration")) is None:
        return
    path = folder / str(name)
    try:
        same = sha256(path.read_bytes()).hexdigest() == state["sha256"]
    except OSError:
        same = False
    if not same:
        msg = f"{path}: the calibration that this run made is missing or was changed; put it back"
        raise RunError(msg)
    _use(bench, validated(Calibration, read_calibration(path)))


def _use(bench: Bench, calibration: Calibration) -> None:
    if calibration.converters is not None:
        bench.correct(Corrections.of(calibration.converters, bench.topology))


def _silent(what: str, done: int, of: int) -> None:
    """Where progress is not shown: within a step."""


def _numbers(found: Look) -> dict[str, Value]:
    changes = np.nan_to_num(found.changes[:-1])
    sigmas = found.sigmas[np.isfinite(found.sigmas)]
    return {
        "reference": float(found.values[-1]),
        "reference_uncertainty": float(found.uncertainties[-1]),
        "offset_change": float(changes[np.argmax(np.abs(changes))]),
        "drift_sigmas": float(sigmas.max(initial=0.0)),
    }
