"""A run on the bench against its rehearsal: step by step, until one leaves what the other allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray
from labrig.errors import RunError
from labrig.store.columns import Constant
from labrig.store.reader import RunReader
from labrig.views.bands import Bands, bands_of, bands_result

FAR = 3.0
"""Standard deviations of the difference beyond which a step departs, for one comparison by itself."""
_MEASURES = ("error", "wall", "measurements", "exchanges", "writes")


@dataclass(frozen=True, slots=True)
class Followed:
    """One run as it is compared. S steps, K samples, O outputs, B branches."""

    name: str
    steps: IntArray
    outputs: FloatArray
    """Shape (S, K, O), V."""
    codes: IntArray
    """Shape (S, B); empty on a continuous board."""
    errors: FloatArray
    final_outputs: FloatArray
    """Shape (all samples, O), V: of each sample the last free state; empty where the run has not ended."""
    totals: dict[str, float]
    masked: BoolArray


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs of one experiment, aligned by step.

    Parameters
    ----------
    sigmas
        Difference of each output, bench minus simulation, in its standard deviation, shape (S, K, O).
    deviations
        That standard deviation, V: of two readings, and of what the calibration leaves open.
    """

    bench: Followed
    simulation: Followed
    sigmas: FloatArray
    deviations: FloatArray
    limit: float
    outputs: list[str]
    branches: list[str]
    bands: Bands | None
    """Where the rehearsal was on drawn boards as well."""

    @property
    def first_departure(self) -> tuple[int, int, int] | None:
        """Row, sample and output of the first difference beyond the limit."""
        far = np.argwhere(np.abs(self.sigmas) > self.limit)
        return None if not len(far) else (int(far[0][0]), int(far[0][1]), int(far[0][2]))

    @property
    def first_code(self) -> tuple[int, list[int]] | None:
        """Row and branches of the first step with other codes."""
        both = min(len(self.bench.codes), len(self.simulation.codes))
        if not both or not self.bench.codes.size:
            return None
        other = self.bench.codes[:both] != self.simulation.codes[:both]
        rows = np.flatnonzero(other.any(axis=1))
        return None if not rows.size else (int(rows[0]), np.flatnonzero(other[rows[0]]).tolist())


def compare(bench: Path, simulation: Path) -> Comparison:
    """Align two runs by step.

    The standard deviation of a difference is that of two readings and, on a crossbar whose rehearsal had a
    calibration, what the uncertainties of the branches make of an output: (p - x) u(g) / Σ g each. Where the
    two have other codes, what these make of an output by the calibration is no departure. The limit
    is raised so that over all differences of both runs it is passed by chance as rarely as 3 sigma is by one
    (Šidák).

    Raises
    ------
    RunError
        They are not runs of one experiment, or one has no steps.
    """
    from scipy.stats import norm

    with RunReader(bench) as first, RunReader(simulation) as second:
        ours, theirs = _followed(first), _followed(second)
        if ours.outputs.shape[1:] != theirs.outputs.shape[1:]:
            msg = f"{bench} and {simulation} are of two tasks or networks; compare runs of one experiment"
            raise RunError(msg)
        both = min(len(ours.outputs), len(theirs.outputs))
        labels, bands = second.labels(), bands_of(second.constants())
        differences = ours.outputs[:both] - theirs.outputs[:both]
        model = _model(second, theirs)
        deviations = _deviations(second, theirs, model)[:both]
        if model is not None:
            differences = differences - _moved(model, ours, theirs, both)
    known = np.where(deviations > 0, deviations, nan)
    sigmas = differences / known
    count = max(int(np.isfinite(sigmas).sum()), 1)
    one = 2 * norm.sf(FAR)
    limit = float(norm.isf((1 - (1 - one) ** (1 / count)) / 2))
    return Comparison(ours, theirs, sigmas, deviations, limit, labels["output"], labels["branch"], bands)


def comparison_result(found: Comparison) -> dict[str, Any]:
    """What ``labrig runs compare --json`` prints."""
    departure, code = found.first_departure, found.first_code
    rows = found.bench.steps
    return {
        "bench": found.bench.name,
        "simulation": found.simulation.name,
        "limit": found.limit if np.isfinite(found.sigmas).any() else None,
        "first_departure": None
        if departure is None
        else {
            "step": int(rows[departure[0]]),
            "sample": departure[1],
            "output": found.outputs[departure[2]],
            "sigmas": float(found.sigmas[departure]),
            "volts": float(found.sigmas[departure] * found.deviations[departure]),
        },
        "first_other_codes": None
        if code is None
        else {"step": int(rows[code[0]]), "branches": [found.branches[k] for k in code[1]]},
        "measures": {
            name: {"bench": found.bench.totals[name], "simulation": predicted(found.simulation, name)}
            for name in _MEASURES
        },
        "final_outputs": {
            "names": found.outputs,
            "bench": found.bench.outputs[-1].tolist(),
            "simulation": found.simulation.outputs[-1].tolist(),
        },
        "bands": None if found.bands is None else _held(found.bands, found.bench),
    }


def _held(bands: Bands, bench: Followed) -> dict[str, Any]:
    """The bands, and what of the bench is inside."""
    inside = {name: band.holds(bench.totals[name]) for name, band in bands.measures.items()}
    return bands_result(bands) | {
        "inside": inside,
        "outputs_inside": bands.hold(bench.final_outputs).tolist(),
        "codes_as_decided": bands.decides(bench.codes[-1]) if bench.codes.size else None,
    }


def predicted(rehearsal: Followed, name: str) -> float | None:
    """What a rehearsal says of a measure: of the time, what the bench takes if a calibration has timed it."""
    value = rehearsal.totals["expected" if name == "wall" else name]
    return value if np.isfinite(value) else None


def _followed(reader: RunReader) -> Followed:
    info, constants = reader.info(), reader.constants()
    if "outputs" not in reader.columns or info.last_step is None:
        msg = f"{reader.directory} has no steps to compare; name two trainings"
        raise RunError(msg)
    names = ["outputs", *(["codes"] if "codes" in reader.columns else [])]
    rows = list(reader.rows(names))
    totals = {name: _total(reader, constants, name) for name in _MEASURES}
    totals["expected"] = _number(constants["final_expected"]) if "final_expected" in constants else nan
    codes = np.array([row.values["codes"] for row in rows]) if "codes" in reader.columns else np.empty((0, 0))
    return Followed(
        name=reader.directory.name,
        steps=np.array([row.step for row in rows]),
        outputs=np.array([row.values["outputs"] for row in rows], dtype=np.float64),
        codes=codes.astype(np.int64),
        errors=reader.scalars("error").astype(np.float64),
        final_outputs=np.asarray(constants["final_outputs"].value, dtype=np.float64)
        if "final_outputs" in constants
        else np.empty((0, 0)),
        totals=totals,
        masked=np.asarray(constants["masked"].value, dtype=np.bool_),
    )


def _total(reader: RunReader, constants: Mapping[str, Constant], name: str) -> float:
    found = constants.get(f"final_{name}")
    return _last(reader, name) if found is None else _number(found)


def _number(constant: Constant) -> float:
    return float(np.asarray(constant.value, dtype=np.float64))


def _last(reader: RunReader, name: str) -> float:
    value = reader.last_value(name)
    return float(value) if isinstance(value, (int, float)) else nan


@dataclass(frozen=True, slots=True)
class _Model:
    """A calibrated crossbar: what each of B branches has at each code, and how well that is known."""

    inputs: FloatArray
    """Shape (K, inputs), V."""
    conductances: FloatArray
    doubts: FloatArray
    """Shape (B, codes), S."""

    def at(self, table: FloatArray, codes: IntArray) -> FloatArray:
        """What a table has at codes (S, B), as shape (S, inputs, outputs)."""
        found = np.empty(codes.shape)
        for branch in range(codes.shape[1]):
            found[:, branch] = table[branch, codes[:, branch]]
        return found.reshape(len(codes), self.inputs.shape[1], -1)

    def drops(self, outputs: FloatArray) -> FloatArray:
        """Input minus output, (S, K, inputs, outputs), V."""
        return self.inputs[None, :, :, None] - outputs[:, :, None, :]


def _model(reader: RunReader, run: Followed) -> _Model | None:
    constants = reader.constants()
    if "code_uncertainties" not in constants or reader.attributes().get("kind") != "crossbar":
        return None
    if not run.codes.size:
        return None
    names = ("inputs", "code_conductances", "code_uncertainties")
    return _Model(*(np.asarray(constants[name].value, dtype=np.float64) for name in names))


def _deviations(reader: RunReader, run: Followed, model: _Model | None) -> FloatArray:
    """Standard deviation of the difference of each output, (S, K, O), V."""
    noise = reader.attributes().get("reading_noise")
    found = np.full(run.outputs.shape, 2 * float(noise) ** 2 if isinstance(noise, (int, float)) else 0.0)
    if model is not None:
        total = model.at(model.conductances, run.codes).sum(axis=1)
        shares = model.at(model.doubts, run.codes) / total[:, None, :]
        found += ((model.drops(run.outputs) * shares[:, None]) ** 2).sum(axis=2)
    return np.asarray(np.sqrt(found), dtype=np.float64)


def _moved(model: _Model, ours: Followed, theirs: Followed, both: int) -> FloatArray:
    """What other codes make of the outputs by the calibration, (S, K, O), V."""
    first = model.at(model.conductances, ours.codes[:both])
    change = (first - model.at(model.conductances, theirs.codes[:both])) / first.sum(axis=1, keepdims=True)
    return np.asarray((model.drops(theirs.outputs[:both]) * change[:, None]).sum(axis=2), dtype=np.float64)
