"""What tells the scale of all resistances of a board, and how well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import Literal

import numpy as np

from labrig.arrays import FloatArray
from labrig.bench.bench import Bench
from labrig.calibration.converters import Potentials
from labrig.config.calibration import (
    DriveCalibration,
    DrivesCalibration,
    WireCalibration,
    WiresCalibration,
)
from labrig.procedures.calibrating.drives import Balance
from labrig.procedures.calibrating.resistor import Resistor
from labrig.procedures.calibrating.standard import Standard
from labrig.procedures.calibrating.wipers import Measured
from labrig.units import format_quantity


@dataclass(frozen=True, slots=True)
class Scale:
    """True over measured conductance.

    Parameters
    ----------
    uncertainty
        Standard, relative; None: nobody knows.
    standard
        Which resistor or source meter; None: neither.
    """

    factor: float
    rests_on: Literal["stated resistances", "resistor", "source meter"]
    standard: str | None
    uncertainty: float | None

    def of_drives(self, compared: Mapping[str, DriveCalibration]) -> DrivesCalibration:
        """Drive resistors on this scale."""
        return DrivesCalibration(
            rests_on=self.rests_on,
            standard=self.standard,
            scale_uncertainty=self.uncertainty,
            lines={
                name: DriveCalibration(
                    ohm=drive.ohm / self.factor, uncertainty=drive.uncertainty / self.factor
                )
                for name, drive in compared.items()
            },
        )

    def of_wires(self, found: WiresCalibration) -> WiresCalibration:
        """Lines on this scale."""
        return rescaled(found, 1 / self.factor)

    def of_conductances(self, read: Measured) -> Measured:
        """Conductances on this scale."""
        return replace(read, readings=read.readings.scaled(self.factor))


STATED = Scale(1.0, "stated resistances", None, None)
"""The mean conductance of the drive resistors is what the board says that they have."""


def by_calibration(known: DrivesCalibration | None) -> Scale:
    """By the drive resistors that the bench knows already, whose mean conductance was held.

    How well that is known is no worse than if all of them were off together by what each is uncertain.
    """
    if known is None or known.standard is None:
        return STATED
    own = np.mean([drive.uncertainty / drive.ohm for drive in known.lines.values()])
    uncertainty = hypot(known.scale_uncertainty or 0.0, float(own))
    return Scale(1.0, known.rests_on, known.standard, uncertainty)


def by_resistor(resistor: Resistor, bench: Bench, read: Measured) -> Scale:
    """By a known resistor in place of a branch; as certain as it was read, and itself taken as exact.

    Raises
    ------
    CalibrationError
        What was measured cannot be this resistor.
    """
    factor, uncertainty = resistor.scale(bench, read.readings)
    name = f"{format_quantity(resistor.ohm, 'ohm')} in place of {resistor.branch}"
    return Scale(factor, "resistor", name, uncertainty)


def by_source_meter(
    standard: Standard, bench: Bench, potentials: Potentials, balances: Sequence[Balance]
) -> Scale:
    """By a source meter that told volts and amperes already."""
    place = standard.place(bench)
    volts = potentials.reference[np.isfinite(potentials.reference)]
    amperes = np.concatenate([balance.driven.amperes[:, place] for balance in balances])
    who = f"{standard.name} on {standard.node}: {bench.instruments[place]}"
    sheet = f"accuracy by {standard.accuracies.source}"
    return Scale(1.0, "source meter", f"{who}; {sheet}", standard.scale_uncertainty(volts, amperes))


def rescaled(found: WiresCalibration, factor: float) -> WiresCalibration:
    """All resistances of lines so many times as large, with their uncertainties."""
    lines = {
        name: WireCalibration(
            end=line.end * factor,
            end_uncertainty=line.end_uncertainty * factor,
            segment=line.segment * factor,
            segment_uncertainty=line.segment_uncertainty * factor,
        )
        for name, line in found.lines.items()
    }
    return found.model_copy(update={"lines": lines})


def true_over_known(
    compared: Mapping[str, DriveCalibration], known: DrivesCalibration | None, bench: Bench
) -> float:
    """Any resistance by the drives as compared over what it is by those known before, or as stated."""
    before = {} if known is None else known.lines
    old = [1 / before[name].ohm if name in before else 1 / bench.info.drive for name in compared]
    return float(np.mean(old) / np.mean([1 / drive.ohm for drive in compared.values()]))


def relative_uncertainties(drives: DrivesCalibration, bench: Bench) -> dict[str, float]:
    """Standard uncertainty that all conductances at each output have in common, relative.

    It is that of the scale and of the output's drive resistor, by which its currents were read.
    """
    scale, found = drives.scale_uncertainty or 0.0, dict[str, float]()
    for name in (bench.topology.nodes[output] for output in bench.topology.outputs):
        drive = drives.lines.get(name)
        own = 0.0 if drive is None else drive.uncertainty / drive.ohm
        found[name] = hypot(scale, own)
    return found


def with_resistances(drives: Mapping[str, DriveCalibration], bench: Bench) -> FloatArray:
    """Resistor behind the driver of each node, shape (N,), ohm; the bench's where it was not compared."""
    found = bench.drives.copy()
    for node, name in enumerate(bench.topology.nodes):
        if name in drives:
            found[node] = drives[name].ohm
    return found
