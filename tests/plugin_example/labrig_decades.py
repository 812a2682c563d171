"""A rack of decade boxes as a labrig board: what another package has to bring.

The rack itself is imagined: each branch takes any conductance in a range, every line is read exactly, and
drivers stand behind resistors. A package for a real one talks to it where `_lines` solves equations.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import numpy as np

from labrig.arrays import FloatArray, Seconds, Volts
from labrig.boards.base import (
    BoardInfo,
    BoardReply,
    BoardRequest,
    Conductances,
    Counters,
    Program,
    program_digest,
)
from labrig.boards.checking import check_request
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import Nudging
from labrig.circuit.topology import Topology
from labrig.config.model import Model
from labrig.config.quantities import PositiveSiemens, Quantity, Text
from labrig.errors import LimitExceeded, LinkClosed


class DecadesConfig(Model):
    """The keys beside ``kind: decades`` in a rig file."""

    rack: Text
    """Its serial number."""
    lowest: PositiveSiemens
    highest: PositiveSiemens
    drive: Annotated[float, Quantity("ohm", above=0.0)] = 10.0


class DecadesBoard:
    """A `labrig.boards.base.Board`, its lines in the order inputs, outputs, hidden."""

    def __init__(self, settings: DecadesConfig, topology: Topology) -> None:
        order = (*topology.inputs, *topology.outputs, *topology.hidden)
        line = {node: k for k, node in enumerate(order)}
        self._ends = np.array([(line[a], line[b]) for a, b in topology.branches])
        self._settings = settings
        self._program = Conductances(np.full(len(topology.branches), settings.lowest))
        self._boot_count = time.time_ns() // 1_000_000 % 2**32
        self._open = True
        self.info = BoardInfo(
            kind="decades",
            serial_number=settings.rack,
            firmware="1.0",
            fingerprint=None,
            inputs=len(topology.inputs),
            outputs=len(topology.outputs),
            hidden=len(topology.hidden),
            branches=len(topology.branches),
            codes=None,
            part="decade box",
            adc=None,
            dac=None,
            drive=settings.drive,
            nudging=Nudging(toward_target=False, through=None, inject=False),
            heartbeat=None,
        )
        self.counters = Counters()
        self.driven: Mapping[int, Volts] = {}
        """Lines whose drivers are on."""

    def exchange(self, request: BoardRequest) -> BoardReply:
        """Program, then impose and read each boundary."""
        self._check_open()
        check_request(request, self.info)
        if request.program is not None:
            self._write(request.program)
        shape = (len(request.boundaries), self.info.lines)
        voltages, sources = np.zeros(shape), np.full(shape, np.nan)
        for state, boundary in enumerate(request.boundaries):
            self.driven = dict(boundary.voltages)
            voltages[state] = self._lines(boundary)
            if request.sources:
                sources[state, [*boundary.voltages]] = [*boundary.voltages.values()]
        done = self.counters
        self.counters = replace(
            done,
            exchanges=done.exchanges + 1,
            turn_arounds=done.turn_arounds + 1,
            measurements=done.measurements + len(request.boundaries),
        )
        return BoardReply(
            voltages=voltages,
            sources=sources,
            saturated=np.zeros(shape, dtype=np.bool_),
            program=Conductances(self._program.values.copy()) if request.read_back else None,
            digest=program_digest(self._program),
            boot_count=self._boot_count,
        )

    def digest(self) -> int:
        """Digest of the conductances that are set."""
        self._check_open()
        return program_digest(self._program)

    def renew(self, seconds: Seconds) -> None:
        """Nothing: the rack has no heartbeat."""

    def make_safe(self) -> None:
        """Release every driver."""
        self.driven = {}

    def close(self) -> None:
        """Make safe and refuse further exchanges."""
        self.make_safe()
        self._open = False

    def _check_open(self) -> None:
        if not self._open:
            msg = f"rack {self._settings.rack} is closed; open it again"
            raise LinkClosed(msg)

    def _write(self, program: Program) -> None:
        values = np.asarray(program.values, dtype=np.float64)
        low, high = self._settings.lowest, self._settings.highest
        wrong = np.flatnonzero((values < low) | (values > high))
        if wrong.size:
            msg = (
                f"branch {wrong[0]}: {values[wrong[0]]:g} S is outside the rack's range {low:g} … {high:g} S"
            )
            raise LimitExceeded(msg)
        self._program = Conductances(values.copy())
        self.counters = replace(self.counters, writes=self.counters.writes + values.size)

    def _lines(self, boundary: Boundary) -> FloatArray:
        """Voltage of every line by Kirchhoff's current law, shape (L,); 0 V where nothing is driven."""
        lines = self.info.lines
        if not boundary.voltages:
            return np.zeros(lines)
        incidence = np.zeros((lines, self.info.branches))
        incidence[self._ends[:, 0], np.arange(self.info.branches)] = 1
        incidence[self._ends[:, 1], np.arange(self.info.branches)] = -1
        matrix = (incidence * self._program.values) @ incidence.T
        current = np.zeros(lines)
        driven = [*boundary.voltages]
        matrix[driven, driven] += 1 / self._settings.drive
        current[driven] = np.array([*boundary.voltages.values()]) / self._settings.drive
        return np.asarray(np.linalg.solve(matrix, current), dtype=np.float64)


class Decades:
    """What the entry point leads to: the model of the keys, and the factory of the board."""

    config = DecadesConfig

    @staticmethod
    def open(settings: DecadesConfig, topology: Topology) -> DecadesBoard:
        """Open a rack on a network."""
        return DecadesBoard(settings, topology)
