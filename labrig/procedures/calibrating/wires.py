"""Resistances of the lines of a crossbar."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, CodeArray, FloatArray, IntArray, Volts
from labrig.bench.bench import Bench, Scans
from labrig.calibration.wires import WireReadings, fit_wires
from labrig.circuit.boundary import Boundary
from labrig.circuit.build import build_wires
from labrig.circuit.wires import Mesh, Wires, inner_drops
from labrig.config.calibration import WireCalibration, WiresCalibration
from labrig.devices.parts import digipot
from labrig.errors import ConfigError
from labrig.procedures.board_check.levels import Drive
from labrig.procedures.calibrating.giving_back import codes_given_back
from labrig.procedures.calibrating.levels import MARGIN, check_crossbar, shares, signs
from labrig.units import format_quantity

Progress = Callable[[str, int, int], None]
_HALVES = 2
"""Times that half of the branches, and then the other half, are made to conduct."""
_DRAWN_BY = 20_260
"""Seed of the halves: any would do, and the same board is always measured alike."""
_SHORT = 2.0
"""Wiper conductances of its part that a branch may have."""
_END, _SEGMENT = 0.5, 0.05
"""Ohm, to begin with."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """One program, read in pairs of states that mirror each other."""

    codes: CodeArray
    """Of the branches, shape (B,)."""
    scans: Scans


def read_wires(bench: Bench, progress: Progress) -> Iterator[Pairs]:
    """Let half of the branches conduct as they can, and drive all lines to the signs of a Hadamard matrix.

    One exchange a program. Each state is followed by its mirror image, so that offsets of the converters
    cancel. The levels are as far apart as the limits allow where branches may be shorted. The board gets its
    own codes back.

    Raises
    ------
    ConfigError
        The network is no crossbar, or the board measures no currents or has no codes.
    LimitExceeded, LinkError, ProtocolError, DeviceError
    """
    check_crossbar(bench, "line")
    drive, before = Drive.of(bench), bench.branch_values().astype(np.int64)
    nodes = [*bench.topology.inputs, *bench.topology.outputs]
    level = Boundary(dict.fromkeys(nodes, drive.middle))
    short = _SHORT / digipot(bench.info.part).wiper
    span = min(MARGIN * bench.limits.largest_span(short), drive.span)
    states = _states(nodes, drive.middle, span)
    programs = _programs(bench, before)
    with codes_given_back(bench, level):
        for k, codes in enumerate(programs):
            progress("lines", k, len(programs))
            yield Pairs(codes, bench.scan([*states, level], codes=codes))


def _states(nodes: Sequence[int], middle: Volts, span: Volts) -> list[Boundary]:
    rows = signs(len(nodes))
    sizes = span / 2 * shares(len(rows), 0)
    return [
        Boundary(dict(zip(nodes, (middle + side * row).tolist(), strict=True)))
        for row in rows * sizes[:, None]
        for side in (1, -1)
    ]


def _programs(bench: Bench, before: CodeArray) -> list[CodeArray]:
    """Half of the branches at the code that conducts most, the others at that which conducts least."""
    legal = bench.info.codes
    codes = np.arange(legal.minimum, legal.maximum + 1) if legal else np.zeros(1, dtype=np.int64)
    every = np.ones(len(before), dtype=np.int64)
    allowed = [
        code for code in codes if bench.most_conductive(code * every).max() <= bench.limits.conductance
    ]
    if not allowed:
        most = format_quantity(bench.limits.conductance, "S")
        msg = f"limits.conductance: {most} allows none of the part's codes on all branches; raise it"
        raise ConfigError(msg)
    generator = np.random.default_rng(_DRAWN_BY)
    found: list[CodeArray] = []
    for _ in range(_HALVES):
        half = generator.permutation(len(before)) < len(before) // 2
        found += [
            np.where(bench.writable, np.where(conducting, allowed[0], allowed[-1]), before)
            for conducting in (half, ~half)
        ]
    return found


def wires_of(programs: Sequence[Pairs], bench: Bench, noise: Volts, *, full: bool) -> WiresCalibration:
    """What a calibration keeps of the lines.

    Parameters
    ----------
    noise
        Standard deviation of one reading, V.
    full
        Also look for the resistance from branch to branch, of all rows alike and all columns.
    """
    topology, nodes = bench.topology, [*bench.topology.inputs, *bench.topology.outputs]
    every = np.ones(len(topology.nodes), dtype=np.bool_)
    mesh = _mesh(bench, every, every & full)
    count, of_column = len(nodes), np.isin(mesh.line, topology.outputs)
    kind: IntArray = np.where(mesh.at_end, mesh.line, count + of_column)
    guess = np.repeat([_END, _SEGMENT], [count, 2 if full else 0])
    read = [_differences(pairs, bench) for pairs in programs]
    fit = fit_wires(mesh, kind, guess, read, 1 / bench.info.drive, np.sqrt(2) * noise)
    known = list(zip(fit.resistances.tolist(), fit.uncertainties.tolist(), strict=True))
    segments = dict(zip((False, True), known[count:] or 2 * [(0.0, 0.0)], strict=True))
    return WiresCalibration(
        kind="full" if full else "lumped",
        misfit=fit.misfit,
        lines={
            topology.nodes[node]: _line(known[node], segments[node in topology.outputs]) for node in nodes
        },
    )


def _line(end: tuple[float, float], segment: tuple[float, float]) -> WireCalibration:
    return WireCalibration(
        end=end[0], end_uncertainty=end[1], segment=segment[0], segment_uncertainty=segment[1]
    )


def _mesh(bench: Bench, ends: BoolArray, segments: BoolArray) -> Mesh:
    """With lines in the order in which they lie on the board."""
    place: list[int] = bench.line_of_node.tolist()
    rows = sorted(bench.topology.inputs, key=place.__getitem__)
    columns = sorted(bench.topology.outputs, key=place.__getitem__)
    return Mesh.of(bench.topology, rows, columns, ends, segments)


def _differences(pairs: Pairs, bench: Bench) -> WireReadings:
    scans, mirrored = pairs.scans, len(pairs.scans.imposed) // 2 * 2
    volts = scans.volts[:mirrored:2] - scans.volts[1:mirrored:2]
    driven = scans.sources[:mirrored:2] - scans.sources[1:mirrored:2]
    currents = (driven - volts) / bench.drives
    metered = list(bench.instruments)
    currents[:, metered] = (scans.amperes[:mirrored:2] - scans.amperes[1:mirrored:2])[:, metered]
    return WireReadings(volts, currents, bench.most_conductive(pairs.codes))


@dataclass(frozen=True, slots=True)
class Inside:
    """What the wires of a board drop, as they were calibrated."""

    mesh: Mesh
    wires: Wires

    @classmethod
    def of(cls, bench: Bench, found: WiresCalibration) -> "Inside":
        """Of this bench's crossbar."""
        wires = build_wires(found, bench.topology.nodes)
        return cls(_mesh(bench, wires.ends > 0, wires.segments > 0), wires)

    def drops(self, conductances: BranchArray, volts: FloatArray) -> FloatArray:
        """Voltage over each branch itself by the voltages of the nodes, (B,) S and (M, N) V to (M, B) V."""
        return inner_drops(self.mesh, self.wires, conductances, volts)
