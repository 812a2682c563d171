"""What a calibration of the wipers says of a rig's branches."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray
from labrig.boards.base import BoardInfo
from labrig.circuit.topology import Topology
from labrig.config.calibration import BranchCalibration, WipersCalibration
from labrig.devices.curves import resistances_at, uncertainties_at
from labrig.devices.laws import RheostatLaw, TabulatedLaw
from labrig.devices.parts import digipot

_DEVIATIONS = 3.0
"""Standard uncertainties by which a branch is taken to conduct more than was found, for the limits."""


@dataclass(frozen=True, slots=True)
class CalibratedBranches:
    """Laws of B branches as they were measured.

    Parameters
    ----------
    law
        The curves that were found; of a broken branch the nominal one, which is not used.
    worst
        The most that each may conduct within its uncertainty.
    held
        What a broken branch conducts whatever is written, shape (B,), S; NaN where the branch is sound.
    """

    law: TabulatedLaw
    worst: TabulatedLaw
    held: BranchArray


def calibrated_branches(found: WipersCalibration, topology: Topology, info: BoardInfo) -> CalibratedBranches:
    """Of a board whose branches are all calibrated; see `labrig.bench.fitting.check_fits`."""
    part = digipot(info.part)
    nominal = RheostatLaw.nominal(part, len(topology.branches))
    codes = np.arange(part.code_max + 1)
    measured = np.array(found.codes)
    table = np.empty((len(topology.branches), len(codes)))
    least, held = np.empty_like(table), np.full(len(topology.branches), np.nan)
    for k in range(len(topology.branches)):
        branch = found.branches[topology.branch_name(k)]
        if branch.verdict != "sound":
            held[k] = _held(branch, measured, found.steps)
            table[k] = least[k] = nominal.wiper[k] + nominal.end_to_end[k] * codes / nominal.steps
            continue
        step = branch.end_to_end / found.steps
        table[k] = resistances_at(
            codes, measured, (branch.wiper, branch.end_to_end), np.array(branch.residuals), found.steps
        )
        doubt = uncertainties_at(codes, measured, np.array(branch.uncertainties), step, found.mismatch)
        least[k] = np.maximum(table[k] - _DEVIATIONS * doubt, table[k] / 2)
    lowest = nominal.lowest if info.codes is None else nominal.lowest.clip(info.codes.minimum)
    highest = nominal.highest if info.codes is None else nominal.highest.clip(max=info.codes.maximum)
    return CalibratedBranches(
        TabulatedLaw.of(table, lowest, highest), TabulatedLaw.of(least, lowest, highest), held
    )


def _held(branch: BranchCalibration, codes: np.ndarray, steps: int) -> float:
    """Middle of what was measured, S; of an open branch 0."""
    if branch.verdict == "open":
        return 0.0
    found = branch.wiper + branch.end_to_end * codes / steps + np.array(branch.residuals)
    known = found[np.isfinite(found) & (found > 0)]
    return float(1 / np.median(known)) if known.size else 0.0
