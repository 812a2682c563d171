"""Which branches of a crossbar do not answer to their codes: asked where a training has missed."""

import numpy as np

from labrig.arrays import BoolArray, CodeArray, FloatArray, Volts
from labrig.bench.bench import Bench
from labrig.bench.endings import afterwards
from labrig.circuit.topology import Topology
from labrig.devices.dividers import DividerLaw
from labrig.devices.laws import TapLaw
from labrig.learning.evidence import trusted
from labrig.learning.floor import Floor
from labrig.learning.tasks import Sample
from labrig.procedures.training.plan import TrainingPlan

_SILENT = 0.1
"""Share of the expected change below which a branch has not answered."""
_TELLING = 10.0
"""Times noise and step of the converter that the expected change must be."""
_MISSED = 3.0
"""Times the predicted floor above which an error is a failure."""


def asks(plan: TrainingPlan, topology: Topology, outcome: str, error: Volts) -> bool:
    """Whether a training that ended so looks for silent branches: it missed what was wanted or predicted."""
    floor = plan.floor.error if isinstance(plan.floor, Floor) else np.inf
    missed = plan.config.stop.error is not None or error > _MISSED * floor
    one_by_one = plan.law is not None and not isinstance(plan.law, DividerLaw)
    crossbar = topology.crossbar_shape is not None
    return outcome == "stopped" and missed and crossbar and one_by_one and plan.board is None


def silent_branches(bench: Bench, law: TapLaw, sample: Sample) -> BoolArray:
    """Move every branch to the code that changes its output most, one of each output at a time; shape (B,).

    All branches of a row are moved at once, since each has an output of its own: as many settled states as
    there are rows, and two of the start, which tell the noise. What the law predicts by far is held against
    what was read, so that no tolerance matters. A branch that would move its output too little to be told
    counts as answering. The codes are put back.

    Raises
    ------
    LinkError, ProtocolError, DeviceError, SafetyError
    """
    topology = bench.topology
    outputs, rows = list(topology.outputs), len(topology.inputs)
    p = np.array([sample.inputs[node] for node in topology.inputs])[:, None]
    shape = (rows, len(outputs))
    start = np.asarray(bench.branch_values(), dtype=np.int64)
    g = law.conductances(start).reshape(shape)

    def read(codes: CodeArray) -> FloatArray:
        states = bench.settle([sample.free], program=law.conductances(codes))
        return np.where(trusted(states), states.node_voltages, np.nan)[0, outputs]

    effects = answers = np.full(shape, np.nan)
    least = np.inf
    with afterwards(lambda: bench.write_codes(start)):
        before = read(start)
        noise = float(np.sqrt(np.nanmean((read(start) - before) ** 2) / 2))
        least = _TELLING * (noise + (bench.info.adc.lsb if bench.info.adc else 0.0))
        effects, codes = _farthest(law, start.reshape(shape), g, p, before)
        for row in range(rows):
            moved = start.reshape(shape).copy()
            moved[row] = codes[row]
            answers[row] = read(moved.ravel()) - before
    telling = np.abs(effects) > least
    return np.asarray(telling & (np.abs(answers) < _SILENT * np.abs(effects))).ravel() & bench.writable


def _farthest(
    law: TapLaw, start: CodeArray, g: FloatArray, p: FloatArray, x: FloatArray
) -> tuple[FloatArray, CodeArray]:
    """What the better end of each branch's codes does to its output, V, and that code; (rows, columns)."""
    ends = np.array([law.lowest, law.highest]).reshape(2, *start.shape)
    change = np.array([law.conductances(end.ravel()).reshape(start.shape) for end in ends]) - g
    effects = change * (p - x) / (g.sum(axis=0) + change)
    best = np.argmax(np.abs(effects), axis=0)[None]
    return np.take_along_axis(effects, best, 0)[0], np.take_along_axis(ends, best, 0)[0]
