"""From conductances of all branches at some codes to curves, residuals and verdicts."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import CodeArray, FloatArray, IntArray
from labrig.calibration.curves import CurveFits, fit_curves
from labrig.calibration.ties import APART, Node, tie
from labrig.calibration.verdicts import Repeated, Sizes, judge
from labrig.config.calibration import BranchCalibration, Verdict, WipersCalibration

_MOVABLE = ("sound", "noisy", "non-monotone")
_APART = ("noisy", "open")
"""Another one in every setting, or nothing that others could be told by."""


@dataclass(frozen=True, slots=True)
class Readings:
    """B branches in S settings: legs over K codes, on each of which every branch has every code.

    Parameters
    ----------
    codes
        That the branches were asked for, shape (S, B).
    legs
        Of each setting, from 0 on, shape (S,).
    nodes
        What the settings told; each branch is at one node.
    """

    codes: CodeArray
    legs: IntArray
    nodes: Sequence[Node]

    def scaled(self, scale: float) -> "Readings":
        """All conductances so many times as large."""
        return replace(self, nodes=[node.scaled(scale) for node in self.nodes])

    def doubted(self, doubts: Mapping[str, float]) -> "Readings":
        """With the relative standard uncertainty of what the currents at each node were read over."""
        return replace(self, nodes=[replace(node, doubt=doubts[node.name]) for node in self.nodes])

    @property
    def conductances(self) -> FloatArray:
        """By each setting alone, shape (S, B), S."""
        return self._by_branch([node.conductances for node in self.nodes])

    @property
    def variances(self) -> FloatArray:
        """Of these, shape (S, B), S^2."""
        return self._by_branch([node.covariances.diagonal(axis1=1, axis2=2) for node in self.nodes])

    def _by_branch(self, values: Sequence[FloatArray]) -> FloatArray:
        found = np.full(self.codes.shape, np.nan)
        for node, of_node in zip(self.nodes, values, strict=True):
            found[:, node.branches] = of_node
        return found


@dataclass(frozen=True, slots=True)
class _Known:
    """Resistances of B branches at K codes.

    Parameters
    ----------
    resistances, variances
        Shape (B, K), ohm and ohm^2.
    scales
        Relative standard uncertainty that a branch has in common with those at its node, shape (B,): a part
        of `variances`.
    """

    resistances: FloatArray
    variances: FloatArray
    scales: FloatArray

    @property
    def own(self) -> FloatArray:
        """Variances without what the branches have in common, shape (B, K), ohm^2."""
        common = (self.scales[:, None] * self.resistances) ** 2
        found: FloatArray = np.maximum(self.variances - common, 0.0)
        return found


def calibrate_wipers(readings: Readings, names: Sequence[str], sizes: Sizes) -> WipersCalibration:
    """Curves of all branches; those that do not move keep what they have at every code."""
    codes = np.unique(readings.codes)
    places = np.searchsorted(codes, readings.codes)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # rows of NaN and conductances of 0 are an open branch's
        repeated = _repeated(readings, codes, places)
        verdicts: list[Verdict] = [judge(each, sizes) for each in repeated]
        known = _known(readings, places, repeated, verdicts)
    sound = np.array([verdict == "sound" for verdict in verdicts])
    fits = None
    if sound.any():
        fits = fit_curves(codes, known.resistances[sound], known.own[sound], sizes.steps)
    return WipersCalibration(
        codes=tuple(codes.tolist()),
        steps=sizes.steps,
        mismatch=0.0 if fits is None else fits.mismatch,
        scales={node.name: float(known.scales[node.branches].max()) for node in readings.nodes},
        branches={
            name: _branch(k, codes, known, verdicts[k], fits, int(np.count_nonzero(sound[:k])), sizes)
            for k, name in enumerate(names)
        },
    )


def _repeated(readings: Readings, codes: IntArray, places: IntArray) -> list[Repeated]:
    """Each branch at each code once a leg: where it stays at one, as it was read last."""
    count = places.shape[1]
    rows = np.zeros((int(readings.legs[-1]) + 1, len(codes), count), dtype=np.int64)
    rows[readings.legs[:, None], places, np.arange(count)] = np.arange(len(places))[:, None]
    conductances, variances = readings.conductances, readings.variances
    return [
        Repeated(codes, conductances[rows[:, :, k], k], variances[rows[:, :, k], k]) for k in range(count)
    ]


def _known(
    readings: Readings, places: IntArray, repeated: Sequence[Repeated], verdicts: Sequence[Verdict]
) -> _Known:
    """By all settings together; of branches that are `_APART`, by the mean of the settings."""
    conductances = np.array([each.conductances.mean(axis=0) for each in repeated])
    variances = np.array([each.variances.mean(axis=0) / len(each.variances) for each in repeated])
    scales = np.zeros(len(repeated))
    for node in readings.nodes:
        of_code = np.arange(conductances[node.branches].size).reshape(len(node.branches), -1)
        for row, k in enumerate(node.branches.tolist()):
            if verdicts[k] == "stuck":
                of_code[row] = of_code[row, 0]
            elif verdicts[k] in _APART:
                of_code[row] = APART
        tied = tie(node, of_code[np.arange(len(of_code)), places[:, node.branches]], of_code.size)
        told = of_code != APART
        conductances[node.branches] = np.where(told, tied.conductances[of_code], conductances[node.branches])
        variances[node.branches] = np.where(told, tied.variances[of_code], variances[node.branches])
        variances[node.branches] += (node.doubt * conductances[node.branches]) ** 2
        scales[node.branches] = np.hypot(tied.scale, node.doubt)
    return _Known(1 / conductances, variances / conductances**4, scales)


def _branch(
    k: int,
    codes: IntArray,
    known: _Known,
    verdict: Verdict,
    fits: CurveFits | None,
    row: int,
    sizes: Sizes,
) -> BranchCalibration:
    resistances = known.resistances[k]
    if verdict in _MOVABLE and verdict != "sound":
        fits, row = fit_curves(codes, resistances[None], known.own[k, None], sizes.steps), 0
    if verdict not in _MOVABLE or fits is None:
        usable = resistances[np.isfinite(resistances) & (resistances > 0)]
        middle = float(np.median(usable)) if usable.size and verdict != "open" else float("nan")
        parameters, covariance = np.nan_to_num([middle, 0.0]), np.full((2, 2), np.nan)
        residuals = resistances - middle
    else:
        parameters = fits.parameters[row]
        covariance = fits.covariances[row] + known.scales[k] ** 2 * np.outer(parameters, parameters)
        residuals = fits.residuals[row]
    return BranchCalibration(
        verdict=verdict,
        wiper=float(parameters[0]),
        end_to_end=float(parameters[1]),
        covariance=tuple(covariance[[0, 0, 1], [0, 1, 1]].tolist()),
        residuals=tuple(residuals.tolist()),
        uncertainties=tuple(np.sqrt(known.variances[k]).tolist()),
    )
