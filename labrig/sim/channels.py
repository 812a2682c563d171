"""Faults of the converter that reads the lines of a simulated board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labrig.arrays import Volts
from labrig.circuit.topology import Topology
from labrig.config.boards import AdcConfig
from labrig.config.faults import AdcStuck, Fault, channel_faults
from labrig.errors import ConfigError
from labrig.sim.lines import line_topology


@dataclass(frozen=True, slots=True)
class BadChannels:
    """What is wrong with the converter that reads the lines, by line."""

    stuck: Mapping[int, int] = field(default_factory=dict[int, int])
    """Code that comes whatever the line has."""
    offsets: Mapping[int, Volts] = field(default_factory=dict[int, Volts])
    """By which every reading is off."""
    alternating: Mapping[int, Volts] = field(default_factory=dict[int, Volts])
    """By which readings of every second state of an exchange are off."""


def bad_channels(faults: Sequence[Fault], topology: Topology, adc: AdcConfig | None) -> BadChannels:
    """Find the lines of the nodes that are not read as they should be.

    Raises
    ------
    ConfigError
        There is no such node, or the converter has no such code.
    """
    nodes = line_topology(topology).nodes
    stuck: dict[int, int] = {}
    offsets: dict[int, Volts] = {}
    alternating: dict[int, Volts] = {}
    for fault in channel_faults(faults):
        if fault.node not in nodes:
            msg = f"faults: found node {fault.node!r}, which this network has not"
            raise ConfigError(msg)
        line = nodes.index(fault.node)
        if isinstance(fault, AdcStuck):
            _check_code(fault, adc)
            stuck[line] = fault.code
        elif fault.readings == "all":
            offsets[line] = fault.offset
        else:
            alternating[line] = fault.offset
    return BadChannels(stuck, offsets, alternating)


def check_alike(bad: BadChannels) -> None:
    """Whether a board behind a link, whose converter reads all states alike, can have these.

    Raises
    ------
    ConfigError
        Some are of second readings only.
    """
    if bad.alternating:
        msg = (
            "faults: found adc-offset of second readings, which only a board simulated in this process can"
            " have; let readings be all, or simulate"
        )
        raise ConfigError(msg)


def _check_code(fault: AdcStuck, adc: AdcConfig | None) -> None:
    if adc is None or fault.code >= 1 << adc.bits:
        codes = "there is no adc" if adc is None else f"codes of the adc are 0 to {(1 << adc.bits) - 1}"
        msg = f"faults: the adc is stuck at {fault.code} for {fault.node}; {codes}"
        raise ConfigError(msg)
