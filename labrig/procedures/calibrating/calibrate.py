"""Calibrate a board, as far as one asks."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import numpy as np

from labrig.bench.bench import Bench
from labrig.bench.corrections import Corrections
from labrig.boards.base import CodeRange
from labrig.calibration.verdicts import Sizes
from labrig.calibration.wipers import calibrate_wipers
from labrig.config.calibration import ConvertersCalibration, WiresCalibration
from labrig.devices.parts import digipot
from labrig.procedures.calibrating.converters import LEVELS, converters_of, read_potentials
from labrig.procedures.calibrating.levels import check_crossbar
from labrig.procedures.calibrating.pace import read_pace
from labrig.procedures.calibrating.resistor import Resistor
from labrig.procedures.calibrating.sealing import Findings
from labrig.procedures.calibrating.wipers import default_codes, measured, read_wipers
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


def _with_converters(bench: Bench, known: ConvertersCalibration | None, progress: Progress) -> Findings:
    """Those that are known, or else are measured; the bench takes them to be so from then on."""
    found = Findings({}, converters=known) if known else calibrate_adc(bench, None, None, progress)
    if found.converters is not None:
        bench.correct(Corrections.of(found.converters, bench.topology))
    return found


def calibrate_line(
    bench: Bench, known: ConvertersCalibration | None, progress: Progress, *, full: bool
) -> Findings:
    """Resistance of every row and column; the converters first where they are not calibrated yet.

    Parameters
    ----------
    known
        What the rig's calibration has of the converters.
    full
        Also from branch to branch, not only from where a line is read to its first branch.
    """
    check_crossbar(bench, "line")
    found = _with_converters(bench, known, progress)
    noise = found.converters.noise if found.converters else 0.0
    pairs = tuple(read_wires(bench, progress))
    method = {**found.method, "lines": {"exchanges": len(pairs), "averages": bench.averages}}
    wires = wires_of(pairs, bench, noise, full=full)
    return replace(found, method=method, pairs=pairs, wires=wires)


def calibrate_wiper(
    bench: Bench,
    codes: Sequence[int],
    repeats: int,
    known: ConvertersCalibration | None,
    progress: Progress,
    wires: WiresCalibration | None = None,
    reference: Resistor | None = None,
) -> Findings:
    """Code to conductance of every branch, and the board's pace; converters first if they are not known yet.

    Parameters
    ----------
    codes
        Empty: some that show the whole curve.
    repeats
        Times that all codes are gone through, up and down.
    known, wires
        What the rig's calibration has of the converters, and of the lines.
    reference
        In place of a branch: it tells what the drive resistors are, which are taken as stated without it.
    """
    check_crossbar(bench, "wiper")
    found = _with_converters(bench, known, progress)
    legal, adc = bench.info.codes, bench.info.adc
    wanted = list(codes) or (_telling_codes(bench, legal) if legal else [])
    settings = tuple(read_wipers(bench, wanted, repeats, progress))
    inside = None if wires is None else Inside.of(bench, wires)
    read = measured(settings, bench.topology, bench.info.drive, adc.lsb if adc else 0.0, inside)
    scale = 1.0 if reference is None else reference.scale(bench, read.readings)
    part = digipot(bench.info.part)
    names = [bench.topology.branch_name(k) for k in range(len(bench.topology.branches))]
    method = {
        **found.method,
        "wipers": {
            "repeats": repeats,
            "exchanges": len(settings) + 1,
            "averages": bench.averages,
            "drive_ohm": bench.info.drive,
            "noise_volts": read.noise,
            "reference": None if reference is None else {**asdict(reference), "scale": scale},
        },
    }
    wipers = calibrate_wipers(
        read.readings.scaled(scale), names, Sizes(part.wiper, part.end_to_end, part.steps)
    )
    pace = read_pace(bench, progress)
    return replace(found, method=method, settings=settings, wipers=wipers, wires=wires, pace=pace)
