"""Calibrate a board, as far as one asks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from labrig.bench.bench import Bench, Scans
from labrig.bench.corrections import Corrections
from labrig.boards.base import CodeRange
from labrig.calibration.verdicts import Sizes
from labrig.calibration.wipers import calibrate_wipers
from labrig.config.calibration import (
    ConvertersCalibration,
    DrivesCalibration,
    WipersCalibration,
    WiresCalibration,
)
from labrig.devices.parts import digipot
from labrig.procedures.calibrating.converters import LEVELS, converters_of, read_potentials
from labrig.procedures.calibrating.drives import comparable, drives_of, loading_of, read_balances
from labrig.procedures.calibrating.levels import check_crossbar
from labrig.procedures.calibrating.pace import read_pace
from labrig.procedures.calibrating.resistor import Resistor
from labrig.procedures.calibrating.scale import (
    by_calibration,
    by_resistor,
    by_source_meter,
    relative_uncertainties,
    rescaled,
    true_over_known,
    with_resistances,
)
from labrig.procedures.calibrating.sealing import Findings
from labrig.procedures.calibrating.standard import Standard
from labrig.procedures.calibrating.wipers import Measured, default_codes, measured, read_wipers
from labrig.procedures.calibrating.wires import Inside, read_wires, wires_of

_FEW = 8
"""Different codes on a board that are measured beside those that show the curve."""
Progress = Callable[[str, int, int], None]


def calibrate_adc(bench: Bench, reference: int | None, meter: str | None, progress: Progress) -> Findings:
    """Offset and gain of every DAC and ADC, referred to an instrument where there is one.

    Parameters
    ----------
    reference
        Node that a source meter holds and reads; None: there is none.
    meter
        Which it is, for the record.
    """
    potentials = read_potentials(bench, LEVELS, reference, progress)
    method = {"converters": {"levels": LEVELS, "averages": bench.averages, "reference": meter}}
    return Findings(method, potentials, converters_of(potentials, bench))


def _telling_codes(bench: Bench, legal: CodeRange) -> list[int]:
    """Those that show the curve, and what the board holds: a branch that is not to be used will keep it.

    Codes at which a branch may conduct more than the rig allows are left out.
    """
    held = {int(code) for code in bench.branch_values()}
    telling = sorted({*default_codes(legal), *(held if len(held) <= _FEW else ())})
    every = np.ones(len(bench.topology.branches), dtype=np.int64)
    return [code for code in telling if bench.most_conductive(code * every).max() <= bench.limits.conductance]


def _with_converters(
    bench: Bench, known: ConvertersCalibration | None, progress: Progress, standard: Standard | None = None
) -> Findings:
    """Those that are known, or else are measured; the bench takes them to be so from then on.

    With a standard they are always measured, so that volts are its own.
    """
    if standard is not None:
        found = calibrate_adc(bench, standard.place(bench), standard.name, progress)
    else:
        found = Findings({}, converters=known) if known else calibrate_adc(bench, None, None, progress)
    if found.converters is not None:
        bench.correct(Corrections.of(found.converters, bench.topology))
    return found


def calibrate_line(
    bench: Bench,
    known: ConvertersCalibration | None,
    progress: Progress,
    drives: DrivesCalibration | None = None,
    *,
    full: bool,
) -> Findings:
    """Resistance of every row and column; the converters first where they are not calibrated yet.

    Parameters
    ----------
    known, drives
        What the bench's calibration has of the converters, and of the drive resistors over which currents
        are read; it is kept.
    full
        Also from branch to branch, not only from where a line is read to its first branch.
    """
    check_crossbar(bench, "line")
    found = _with_converters(bench, known, progress)
    noise = found.converters.noise if found.converters else 0.0
    pairs = tuple(read_wires(bench, progress))
    method = {**found.method, "lines": {"exchanges": len(pairs), "averages": bench.averages}}
    wires = wires_of(pairs, bench, noise, full=full)
    return replace(found, method=method, pairs=pairs, wires=wires, drives=drives)


def calibrate_wiper(
    bench: Bench,
    codes: Sequence[int],
    repeats: int,
    known: ConvertersCalibration | None,
    progress: Progress,
    wires: WiresCalibration | None = None,
    reference: Resistor | Standard | None = None,
    drives: DrivesCalibration | None = None,
) -> Findings:
    """Code to conductance of every branch, and the board's pace; converters first if they are not known yet.

    Currents are read over the drive resistors, which are compared with each other first: what flows into the
    board has to balance. The board is not timed where a source meter takes part, which takes its own time.

    Parameters
    ----------
    codes
        Empty: some that show the whole curve.
    repeats
        Times that all codes are gone through, up and down.
    known, wires, drives
        What the rig's calibration has of the converters, of the lines, and of the drive resistors: the lines
        are on the scale of these.
    reference
        In place of a branch, or of a driver: it tells the scale. None: the mean conductance of the drive
        resistors does, which is taken as the rig's calibration has it, where that rests on a reference, or
        else as stated.

    Raises
    ------
    ConfigError
        The board or the reference cannot be used for it.
    CalibrationError
        What stands in for a branch is not what it should be.
    LimitExceeded, ComplianceReached, LinkError, ProtocolError, DeviceError
    """
    check_crossbar(bench, "wiper")
    standard = reference if isinstance(reference, Standard) else None
    found = _with_converters(bench, known, progress, standard)
    check = _nothing if standard is None else partial(standard.check, bench=bench)
    legal, rounding = bench.info.codes, bench.info.adc.lsb if bench.info.adc else 0.0
    wanted = list(codes) or (_telling_codes(bench, legal) if legal else [])
    settings = tuple(read_wipers(bench, wanted, repeats, progress, check))
    inside = None if wires is None else Inside.of(bench, wires)
    rough = measured(settings, bench.topology, bench.drives, rounding, inside)
    metered = None if standard is None else standard.place(bench)
    nodes = comparable(bench, found.converters, metered)
    loading = loading_of(bench, rough.readings)
    balances = tuple(read_balances(bench, nodes, loading, progress, check))
    compared = drives_of(balances, bench, nodes, metered)
    if wires is not None and standard is not None:
        wires = rescaled(wires, true_over_known(compared, drives, bench))
        inside = Inside.of(bench, wires)
    read = measured(settings, bench.topology, with_resistances(compared, bench), rounding, inside)
    if isinstance(reference, Resistor):
        scale = by_resistor(reference, bench, read)
    elif standard is not None and found.potentials is not None:
        scale = by_source_meter(standard, bench, found.potentials, balances)
    else:
        scale = by_calibration(drives)
    scaled = scale.of_drives(compared)
    method = {
        **found.method,
        "wipers": {
            "repeats": repeats,
            "exchanges": len(settings) + 1,
            "averages": bench.averages,
            "drive_ohm": bench.info.drive,
            "noise_volts": read.noise,
            "reference": scale.standard,
            "scale": scale.factor,
        },
        "drives": {"exchanges": 2 * len(balances), "code": loading.code, "still_code": loading.still},
    }
    return replace(
        found,
        method=method,
        settings=settings,
        wipers=_wipers_of(scale.of_conductances(read), scaled, bench),
        wires=None if wires is None else scale.of_wires(wires),
        pace=None if standard is not None else read_pace(bench, progress),
        balances=balances,
        drives=scaled,
    )


def _wipers_of(read: Measured, drives: DrivesCalibration, bench: Bench) -> WipersCalibration:
    """What a calibration keeps of the wipers."""
    part = digipot(bench.info.part)
    names = [bench.topology.branch_name(k) for k in range(len(bench.topology.branches))]
    readings = read.readings.doubted(relative_uncertainties(drives, bench))
    return calibrate_wipers(readings, names, Sizes(part.wiper, part.end_to_end, part.steps))


def _nothing(_: Scans) -> None:
    """Nothing is to be said of what was read."""
