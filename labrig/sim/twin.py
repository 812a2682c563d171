"""The parts of a board as a calibration found them, for a rehearsal on this very board."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np

from labrig.arrays import FloatArray, Volts
from labrig.boards.base import Converter
from labrig.circuit.build import build_wires
from labrig.circuit.topology import Topology
from labrig.circuit.wires import Wires
from labrig.config.boards import BoardModel, DigipotElements
from labrig.config.calibration import (
    Calibration,
    ConverterCalibration,
    WipersCalibration,
)
from labrig.devices.curves import resistances_at
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot
from labrig.sim.branches import TrueContinuous, TrueDigipots, draw_branches
from labrig.sim.climate import Climate
from labrig.sim.dividers import TrueDividers
from labrig.sim.doubts import Doubts, common_errors, converter, curve_errors, level_error
from labrig.sim.drives import drawn_drives, drive_errors, measured_drives
from labrig.sim.scales import EXACT, Scale, Scales
from labrig.sim.wires import draw_wires

_UNMOVED = ("short", "stuck")
_BRANCHES, _CONVERTERS, _DRIVES = 0, 1, 2
"""Places of what is drawn of them among the streams of a draw."""
_LEAST = 1.0
"""Ohm that a branch has at least, however little is known of it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a simulated board is made of, drawn or measured."""

    branches: TrueDigipots | TrueDividers | TrueContinuous
    scales: Scales
    noise: Volts
    wires: Wires | None
    noise_seed: int
    climate: Climate | None = None
    drives: FloatArray | None = None
    """True over stated resistance of the drive resistors, shape (L,); None: they are as stated."""


def drawn_parts(model: BoardModel, lines: Topology) -> Parts:
    """From the seed of the model."""
    return _drawn(model, lines, Climate.of(model.environment))


def _drawn(model: BoardModel, lines: Topology, climate: Climate | None) -> Parts:
    return Parts(
        draw_branches(model.elements, len(lines.branches), model.seed, climate),
        Scales.draw(model.adc, model.dac, len(lines.nodes), model.seed),
        model.adc.noise if model.adc else 0.0,
        None if model.wires is None else draw_wires(model.wires, lines, model.seed),
        model.seed,
        climate,
        drawn_drives(model, len(lines.nodes)),
    )


def measured_parts(model: BoardModel, calibration: Calibration, topology: Topology, draw: int = 0) -> Parts:
    """As calibrated; what the calibration has nothing of is drawn from the seed of the model.

    So is how they change with the temperature, about that of the calibration.

    Parameters
    ----------
    draw
        0: as it was measured; else one of the boards that the calibration leaves open.
    """
    doubts = Doubts(model.seed, draw)
    order = (*topology.inputs, *topology.outputs, *topology.hidden)
    names = tuple(topology.nodes[node] for node in order)
    measured_at = calibration.temperature_celsius
    drawn = _drawn(
        model,
        topology,
        Climate.of(model.environment) if measured_at is None else Climate.of(model.environment, measured_at),
    )
    branches, scales, noise, wires = drawn.branches, drawn.scales, drawn.noise, drawn.wires
    doubt, found_drives = doubts.generator(_DRIVES), calibration.drives
    off = {} if doubt is None or found_drives is None else drive_errors(found_drives, doubt)
    if calibration.wipers is not None and isinstance(model.elements, DigipotElements):
        drawn_branches = doubts.generator(_BRANCHES)
        common: dict[str, float] = {}
        if drawn_branches is not None:
            common = common_errors(calibration.wipers, found_drives, off, drawn_branches)
        measured = _as_measured(calibration.wipers, model.elements.part, topology, common, drawn_branches)
        branches = replace(measured, warming=drawn.branches.warming)
        wires = None  # what is not known of the lines is within these wipers
    if (found := calibration.converters) is not None:
        drawn_converters = doubts.generator(_CONVERTERS)
        scales = Scales(
            _scale(found.levels, names, drawn_converters),
            _scale(found.lines, names, drawn_converters),
            _scale(found.sources, names, drawn_converters),
        ).drifting_as(drawn.scales)
        averages = calibration.method.get("converters", {}).get("averages", 1)
        noise = _noise(found.noise, model, averages)
    if calibration.wires is not None:
        wires = build_wires(calibration.wires, names)
    drives = drawn.drives
    if found_drives is not None and model.drive > 0:
        drives = measured_drives(found_drives, names, model.drive, off)
    return Parts(branches, scales, noise, wires, doubts.noise_seed, drawn.climate, drives)


def _as_measured(
    found: WipersCalibration,
    part: str,
    topology: Topology,
    common: Mapping[str, float],
    doubt: np.random.Generator | None,
) -> TrueDigipots:
    names = [topology.branch_name(k) for k in range(len(topology.branches))]
    nominal = RheostatLaw.nominal(digipot(part), len(names))
    codes, measured = np.arange(digipot(part).code_max + 1), np.array(found.codes)
    wiper, end_to_end = np.empty(len(names)), np.zeros(len(names))
    deviations = np.zeros((len(names), len(codes)))
    for k, name in enumerate(names):
        branch = found.branches[name]
        output = _output(topology, k)
        scale, factor = found.scales.get(output, 0.0), 1 + common.get(output, 0.0)
        wiper[k] = inf if branch.verdict == "open" else branch.wiper
        if doubt is not None and branch.verdict in _UNMOVED:
            wiper[k] = max(factor * (wiper[k] + level_error(found, branch, scale, doubt)), _LEAST)
        if branch.verdict == "open" or branch.verdict in _UNMOVED:
            continue
        end_to_end[k] = branch.end_to_end
        straight = branch.wiper + branch.end_to_end * codes / found.steps
        curve = resistances_at(
            codes, measured, (branch.wiper, branch.end_to_end), np.array(branch.residuals), found.steps
        )
        if doubt is not None:
            own = curve_errors(found, branch, scale, codes, doubt)
            curve = np.maximum(factor * (curve + own), _LEAST)
        deviations[k] = curve - straight
    law = RheostatLaw(end_to_end, wiper, found.steps, nominal.lowest, nominal.highest)
    return TrueDigipots(law, deviations)


def _output(topology: Topology, branch: int) -> str:
    """At which a branch was measured, together with the others there."""
    return next((topology.nodes[node] for node in topology.branches[branch] if node in topology.outputs), "")


def _scale(
    found: dict[str, ConverterCalibration], names: tuple[str, ...], doubt: np.random.Generator | None
) -> Scale:
    values: FloatArray = np.zeros((len(names), 2))
    for k, name in enumerate(names):
        if name in found:
            one = found[name]
            values[k] = (one.offset, one.gain) if doubt is None else converter(one, doubt)
    return Scale(values[:, 0], values[:, 1]) if found else EXACT


def _noise(reading: Volts, model: BoardModel, averages: int) -> Volts:
    """Of one conversion, before it is rounded to a step."""
    if model.adc is None:
        return reading
    rounding = Converter(model.adc.bits, model.adc.span).lsb ** 2 / 12
    # Scatter within a tenth of rounding alone is no noise.
    left = reading**2 - rounding
    return sqrt(left * averages) if left > 0.1 * rounding else 0.0
