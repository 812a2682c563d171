"""Drive resistors one by one, from currents that must balance."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray, Siemens
from labrig.bench.bench import Bench, Scans
from labrig.calibration.drives import DriveReadings, fit_drives
from labrig.calibration.wipers import Readings
from labrig.circuit.boundary import Boundary
from labrig.config.calibration import ConvertersCalibration, DriveCalibration
from labrig.procedures.board_check.levels import Drive
from labrig.procedures.calibrating.giving_back import codes_given_back
from labrig.procedures.calibrating.levels import MARGIN, shares, signs

Progress = Callable[[str, int, int], None]
Check = Callable[[Scans], None]
_TURNS = 3
"""Times that all states are gone through."""
_STILL = 16
"""Pairs of states without currents, at most, each time."""


@dataclass(frozen=True, slots=True)
class Loading:
    """What the branches are set to while the drivers are compared.

    Parameters
    ----------
    code
        Of all that may be written.
    most
        The most that a branch conducts there, S.
    still
        Code at which they conduct least.
    """

    code: int
    most: Siemens
    still: int


@dataclass(frozen=True, slots=True)
class Balance:
    """All comparable drivers at one potential, with hardly a current; and against each other.

    Each state is followed by its mirror image; the last of each exchange has no partner.
    """

    still: Scans
    driven: Scans


def loading_of(bench: Bench, readings: Readings) -> Loading:
    """The code at which the drivers have to supply most, and that at which they have to supply least."""
    codes, conductances = readings.codes, np.nan_to_num(readings.conductances)
    held, span = bench.branch_values().astype(np.int64), Drive.of(bench).span
    largest, totals = 0.0, dict[int, float]()
    best = int(codes.min()), 0.0
    for code in np.unique(codes).tolist():
        found = np.average(conductances, axis=0, weights=codes == code)
        totals[code] = float(found.sum())
        worst = bench.most_conductive(np.where(bench.writable, code, held))
        most = float(np.maximum(worst, found).max())
        loaded = bench.info.drive * totals[code] / len(bench.topology.inputs)
        drop = min(MARGIN * bench.limits.largest_span(most), span) * loaded / (1 + loaded)
        if drop > largest:
            largest, best = drop, (code, most)
    return Loading(*best, still=min(totals, key=totals.__getitem__))


def read_balances(
    bench: Bench, nodes: Sequence[int], loading: Loading, progress: Progress, check: Check
) -> Iterator[Balance]:
    """Drive these nodes to one level, and then to the signs of a Hadamard matrix.

    Two exchanges a turn, with levels as far apart as the limits allow. Offsets of converters and instruments
    cancel between a state and its mirror image. The board gets its own codes back.

    Parameters
    ----------
    check
        Sees what was read in each exchange, and raises what it has to say of it.

    Raises
    ------
    LimitExceeded, ComplianceReached, LinkError, ProtocolError, DeviceError
    """
    drive, before = Drive.of(bench), bench.branch_values().astype(np.int64)
    level = Boundary(dict.fromkeys([*bench.topology.inputs, *bench.topology.outputs], drive.middle))
    span = min(MARGIN * bench.limits.largest_span(loading.most), drive.span)
    rows = signs(len(nodes))

    def scanned(code: int, shape: FloatArray) -> Scans:
        states = [
            Boundary(dict(zip(nodes, (drive.middle + side * row).tolist(), strict=True)))
            for row in shape
            for side in (1, -1)
        ]
        scans = bench.scan([*states, level], codes=np.where(bench.writable, code, before))
        check(scans)
        return scans

    with codes_given_back(bench, level):
        for turn in range(_TURNS):
            progress("drives", turn, _TURNS)
            sizes = shares(len(rows), turn)[:, None] / 2
            still = scanned(loading.still, drive.span * sizes[:_STILL] * np.ones(len(nodes)))
            yield Balance(still, scanned(loading.code, span * sizes * rows))


def comparable(bench: Bench, converters: ConvertersCalibration | None, metered: int | None) -> list[int]:
    """Nodes of drivers that can be compared: both sides of the resistor are read, or it is the standard.

    Where another instrument is, nothing tells its current: it leaves its line alone meanwhile.
    """
    driven = {*bench.topology.inputs, *bench.topology.outputs} - bench.instruments.keys()
    if converters is not None:
        read = converters.lines.keys() & converters.sources.keys()
        driven = {node for node in driven if bench.topology.nodes[node] in read}
    return sorted(driven if metered is None else {*driven, metered})


def drives_of(
    balances: Sequence[Balance], bench: Bench, nodes: Sequence[int], metered: int | None
) -> dict[str, DriveCalibration]:
    """Drive resistors at these nodes; that of an instrument's node carries no current, and is not among them.

    Without an instrument the mean of their conductances is that of the bench's: as the board states it, or as
    its calibration has it.
    """
    lines = [node for node in nodes if node != metered]
    still, driven = [balance.still for balance in balances], [balance.driven for balance in balances]
    readings = DriveReadings(
        volts=_mirrored(scans.volts for scans in driven)[:, lines],
        drops=_mirrored(scans.sources - scans.volts for scans in driven)[:, lines],
        still_volts=_mirrored(scans.volts for scans in still)[:, lines],
        still_drops=_mirrored(scans.sources - scans.volts for scans in still)[:, lines],
        into=None if metered is None else _mirrored(scans.amperes for scans in driven)[:, metered],
    )
    stated, adc = float(1 / np.mean(1 / bench.drives[lines])), bench.info.adc
    fit = fit_drives(readings, stated, adc.lsb if adc else 0.0)
    doubts = fit.resistances * np.sqrt(np.diag(fit.covariance))
    return {
        bench.topology.nodes[node]: DriveCalibration(ohm=float(ohm), uncertainty=float(doubt))
        for node, ohm, doubt in zip(lines, fit.resistances, doubts, strict=True)
    }


def _mirrored(exchanges: Iterable[FloatArray]) -> FloatArray:
    """Half the difference of each pair of states; the last state of an exchange has no partner."""
    found: FloatArray = np.concatenate([(each[:-1:2] - each[1:-1:2]) / 2 for each in exchanges])
    return found
