"""What a calibration of the wipers says of a rig's branches."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, CodeArray, FloatArray, IntArray
from labrig.boards.base import BoardInfo
from labrig.circuit.topology import Topology
from labrig.config.calibration import WipersCalibration
from labrig.devices.curves import resistances_at, uncertainties_at
from labrig.devices.laws import RheostatLaw, TabulatedLaw
from labrig.devices.parts import digipot

_UNMOVED = ("open", "short", "stuck")
DEVIATIONS = 3.0
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
        What a branch that is not to be used conducts, shape (B,), S; NaN of the others. The laws have the
        nominal curve for it, which nothing is written by.
    sound
        Which can be used, shape (B,).
    doubts
        Standard uncertainty of the conductance at each code, shape (B, codes), S; without what branches at
        an output may be off together, which moves no output.
    """

    law: TabulatedLaw
    worst: TabulatedLaw
    held: BranchArray
    sound: BoolArray
    doubts: FloatArray


def calibrated_branches(
    found: WipersCalibration, topology: Topology, info: BoardInfo, held_codes: CodeArray
) -> CalibratedBranches:
    """Of a board whose branches are all calibrated; see `labrig.bench.fitting.check_network`.

    Parameters
    ----------
    held_codes
        What the board holds, shape (B,): a branch that is not to be used keeps it.
    """
    part = digipot(info.part)
    nominal = RheostatLaw.nominal(part, len(topology.branches))
    codes = np.arange(part.code_max + 1)
    measured = np.array(found.codes)
    table = np.empty((len(topology.branches), len(codes)))
    least, held = np.empty_like(table), np.full(len(topology.branches), np.nan)
    sound = np.ones(len(topology.branches), dtype=np.bool_)
    doubts = np.zeros_like(table)
    for k in range(len(topology.branches)):
        branch, scale = found.branches[topology.branch_name(k)], _common(found, topology, k)
        sound[k] = branch.verdict == "sound"
        straight = nominal.wiper[k] + nominal.end_to_end[k] * codes / nominal.steps
        if branch.verdict in _UNMOVED:
            held[k] = 0.0 if branch.verdict == "open" else 1 / branch.wiper
            table[k] = least[k] = straight
            if held[k] > 0:
                doubts[k] = _own(float(np.nanmedian(branch.uncertainties)) * held[k], scale) * held[k]
            continue
        step = branch.end_to_end / found.steps
        table[k] = resistances_at(
            codes, measured, (branch.wiper, branch.end_to_end), np.array(branch.residuals), found.steps
        )
        doubt = uncertainties_at(codes, measured, np.array(branch.uncertainties), step, found.mismatch)
        if not sound[k]:
            doubt = np.hypot(doubt, _jumps(table[k], measured))
        doubts[k] = _own(doubt / table[k], scale) / table[k]
        tap = nominal.end_to_end[k] * (1 - part.tolerance) / nominal.steps
        worst = nominal.wiper[k] + tap * codes
        least[k] = table[k] - DEVIATIONS * doubt
        # Beyond the outermost measured codes, and where the curve says nothing, the part's worst holds too.
        unknown = (codes < measured[0]) | (codes > measured[-1]) | (least[k] <= 0)
        least[k, least[k] <= 0] = worst[least[k] <= 0]
        least[k, unknown] = np.minimum(worst, least[k])[unknown]
        table[k] = np.maximum(table[k], least[k])
        if not sound[k]:
            held[k] = 1 / table[k, held_codes[k]]
            table[k] = least[k] = straight
    lowest = nominal.lowest if info.codes is None else nominal.lowest.clip(info.codes.minimum)
    highest = nominal.highest if info.codes is None else nominal.highest.clip(max=info.codes.maximum)
    lowest, highest = lowest.clip(measured[0]), highest.clip(max=measured[-1])
    return CalibratedBranches(
        TabulatedLaw.of(table, lowest, highest), TabulatedLaw.of(least, lowest, highest), held, sound, doubts
    )


def _common(found: WipersCalibration, topology: Topology, branch: int) -> float:
    """Relative standard uncertainty that a branch has in common with others at its output."""
    ends = (topology.nodes[node] for node in topology.branches[branch])
    return max(found.scales.get(name, 0.0) for name in ends)


def _own(relative: FloatArray | float, common: float) -> FloatArray:
    """What of a relative standard uncertainty is a branch's alone."""
    return np.asarray(np.sqrt(np.maximum(np.square(relative) - common**2, 0.0)), dtype=np.float64)


def _jumps(resistances: FloatArray, measured: IntArray) -> FloatArray:
    """Of a branch that does not follow its law: between two measured codes it may have what either has."""
    right = np.searchsorted(measured, np.arange(len(resistances))).clip(0, len(measured) - 1)
    left = np.maximum(right - 1, 0)
    jumps = np.zeros(len(resistances))
    jumps += np.abs(resistances[measured[right]] - resistances[measured[left]])
    jumps[measured] = 0.0
    return jumps
