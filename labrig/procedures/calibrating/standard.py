"""A source meter in the place of a driver, by whose readings a calibration is absolute."""

from dataclasses import dataclass
from math import hypot
from typing import Self

import numpy as np

from labrig.arrays import Amperes, FloatArray, Volts
from labrig.bench.bench import Bench, Scans
from labrig.config.network import input_names
from labrig.config.rig import RigConfig
from labrig.errors import ComplianceReached, ConfigError
from labrig.instruments.accuracy import LEAST_NPLC, Accuracies, accuracies_of, relative_uncertainty
from labrig.units import format_quantity


@dataclass(frozen=True, slots=True)
class Standard:
    """Which source meter of a rig it is, on which input, and how far its readings may be off.

    It senses with four wires: what its leads drop is then no part of what it reads.

    Parameters
    ----------
    range_volts, range_amperes
        In which it stays; None: it chooses.
    """

    name: str
    node: str
    accuracies: Accuracies
    range_volts: Volts | None = None
    range_amperes: Amperes | None = None

    @classmethod
    def of(cls, rig: RigConfig, name: str) -> Self:
        """Of a rig, before anything is opened.

        Raises
        ------
        ConfigError
            There is no such source meter on an input, or its readings cannot be trusted as they are set up.
        """
        node = node_of(rig, name)
        meter, inputs = rig.source_meters[name], input_names(rig.network)
        title, accuracies = meter.capabilities.title, accuracies_of(meter)
        if node not in inputs:
            msg = (
                f"--smu: {name} is on {node}, which is no input; the current of a whole row tells the scale:"
                f" join it to one of {', '.join(inputs[:6])}"
            )
            raise ConfigError(msg)
        if meter.wires != 4:
            msg = (
                f"--smu: {name} senses with two wires, so that its leads would count as part of the board;"
                f" join its sense terminals to {node} as well, and set source_meters.{name}.wires to 4"
            )
            raise ConfigError(msg)
        if meter.nplc < LEAST_NPLC:
            msg = (
                f"--smu: {name} integrates over {meter.nplc:g} power-line cycles, and its accuracy is stated"
                f" for {LEAST_NPLC:g} or more; set source_meters.{name}.nplc"
            )
            raise ConfigError(msg)
        if not meter.autozero:
            msg = (
                f"--smu: {name} does not look for its zero, and its accuracy is stated for readings that do;"
                f" leave source_meters.{name}.autozero out, or set it to true"
            )
            raise ConfigError(msg)
        if accuracies is None:
            kind = getattr(meter, "model", title)
            msg = f"--smu: how accurate a {kind} reads is not known here; take another source meter"
            raise ConfigError(msg)
        return cls(name, node, accuracies, meter.range_voltage, meter.range_current)

    def place(self, bench: Bench) -> int:
        """Number of its node."""
        return bench.topology.nodes.index(self.node)

    def check(self, scans: Scans, bench: Bench) -> None:
        """Whether it read a current in every state.

        Raises
        ------
        ComplianceReached
            It was at a limit.
        """
        place = self.place(bench)
        missing = np.flatnonzero(np.isnan(scans.amperes[:, place]))
        if missing.size:
            volts = format_quantity(scans.imposed[int(missing[0])].voltages.get(place, 0.0), "V", 3)
            msg = (
                f"--smu: {self.name} reached its limit where it should hold {self.node} at {volts}; raise"
                f" source_meters.{self.name}.compliance_current or range_current, or lower"
                " limits.branch_current"
            )
            raise ComplianceReached(msg)

    def scale_uncertainty(self, volts: FloatArray, amperes: FloatArray) -> float:
        """Standard uncertainty, relative, of all resistances that rest on these readings of it."""
        known = relative_uncertainty(self.accuracies.volts, volts, self.range_volts)
        return hypot(known, relative_uncertainty(self.accuracies.amperes, amperes, self.range_amperes))


def node_of(rig: RigConfig, name: str) -> str:
    """The node that a source meter of a rig is on.

    Raises
    ------
    ConfigError
        There is no such source meter on a node.
    """
    joined = {other: meter.node for other, meter in rig.source_meters.items() if meter.node is not None}
    if name not in joined:
        msg = f"--smu: found {name!r}; the rig's source meters on a node are {', '.join(joined) or 'none'}"
        raise ConfigError(msg)
    return joined[name]
