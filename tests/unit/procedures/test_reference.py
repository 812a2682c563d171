"""A look at a masked branch and at the readings of one potential."""

from typing import Any

import numpy as np
import pytest

from labrig.bench.assembly import assemble
from labrig.bench.bench import Bench
from labrig.circuit.build import build_topology
from labrig.config.boards import SimulatedBoard
from labrig.config.rig import RigConfig
from labrig.learning.watching import Watch
from labrig.procedures.training.reference import Reference
from labrig.sim.board import SimulatedBoard as Board
from labrig.sim.build import build_board

INPUTS, OUTPUTS = 8, 6
MASKED = "in2-out4"


def opened(faults: Any = (), **board: Any) -> tuple[Bench, Board, int]:
    """A bench, what is behind it, and the number of its masked branch."""
    rig = RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": INPUTS, "outputs": OUTPUTS},
            "board": {
                "kind": "simulated",
                "elements": {"kind": "digipot", "part": "MCP4351-104"},
                "drive": "500 ohm",
                **board,
            },
            "mask": [MASKED],
            "faults": list(faults),
        }
    )
    assert isinstance(rig.board, SimulatedBoard)
    topology = build_topology(rig.network)
    behind = build_board(rig.board, topology, faults=rig.faults)
    names = [topology.branch_name(k) for k in range(len(topology.branches))]
    return assemble(rig, behind, topology), behind, names.index(MASKED)


def shuffled(bench: Bench, seed: int) -> np.ndarray:
    """Other codes on all branches that may be written."""
    codes = np.random.default_rng(seed).integers(60, 257, len(bench.topology.branches))
    return np.where(bench.writable, codes, bench.branch_values())


@pytest.mark.parametrize("seed", range(4))
def test_a_reference_conducts_what_it_does_whatever_the_others_are_set_to(seed: int) -> None:
    """Branches are off their law by up to 20 %; what that leaves open is told, and is below 1 in 1000."""
    bench, board, branch = opened(seed=seed)
    reference = Reference(branch, 0.5, 4.5, 3)
    for turn in range(4):
        bench.write_codes(shuffled(bench, turn))
        sight = reference.look(bench)
        true = board.world.conductances[branch]
        assert sight.shared[-1] < 1e-3 * true
        assert np.abs(sight.readings[:, -1] - true).max() < 4 * sight.shared[-1]


def test_lines_that_are_known_make_no_drift_of_what_is_learned() -> None:
    """Each line drops its current times 20 ohm before its branches; a reading is taken before that."""
    lines = {"end": "20 ohm", "segment": "0 ohm"}
    bench, board, branch = opened(seed=2, wires={"rows": lines, "columns": lines})
    known = Reference(branch, 0.5, 4.5, 3, np.full(INPUTS + OUTPUTS, 20.0))
    true = board.world.conductances[branch]
    found: list[float] = []
    unknown: list[float] = []
    for turn in range(4):
        bench.write_codes(shuffled(bench, turn))
        found.append(float(known.look(bench).readings[:, -1].mean()))
        unknown.append(float(Reference(branch, 0.5, 4.5, 3).look(bench).readings[:, -1].mean()))
    assert np.abs(np.array(found) - true).max() < 1e-3 * true
    assert np.abs(np.array(unknown) - true).max() > 5e-3 * true


def test_rounding_leaves_a_conductance_uncertain_by_what_four_readings_are() -> None:
    """Each is off by lsb/√12 at random, over the drive resistor and ΔV, averaged over the repeats."""
    adc = {"bits": 14, "span": "5 V"}
    bench, board, branch = opened(adc=adc, seed=1)
    repeats, lsb = 32, 5 / (2**14 - 1)
    sight = Reference(branch, 0.5, 4.5, repeats).look(bench)
    one = 2 * lsb / np.sqrt(12) / (500 * 4.0 * 0.95)
    assert abs(sight.readings[:, -1].mean() - board.world.conductances[branch]) < 4 * one / np.sqrt(repeats)
    assert 0.5 * one < sight.readings[:, -1].std(ddof=1) < 2 * one


def test_offsets_are_seen_at_their_nodes_and_at_their_size() -> None:
    faults = [{"kind": "adc-offset", "node": "out3", "offset": "3 mV"}]
    adc = {"bits": 16, "span": "5 V"}
    sound, _, branch = opened(adc=adc)
    faulty, _, _ = opened(adc=adc, faults=faults)
    reference = Reference(branch, 0.5, 4.5, 4)
    moved = (reference.look(faulty).readings - reference.look(sound).readings).mean(axis=0)
    node = sound.topology.nodes.index("out3")
    lsb = 5 / 65535
    assert moved[node] == pytest.approx(3e-3, abs=lsb)
    assert np.abs(np.delete(moved[:-1], node)).max() < lsb


def test_converters_that_are_off_each_other_make_no_drift_of_what_is_learned() -> None:
    """With 5 mV between DACs currents flow where none should, and change with every code."""
    alarms = 0
    for seed in range(12):
        bench, _, branch = opened(
            dac={"bits": 16, "span": "5 V", "offset": "5 mV"},
            adc={"bits": 16, "span": "5 V", "noise": "50 uV", "offset": "5 mV", "gain": "0.5 %"},
            seed=seed,
        )
        reference = Reference(branch, 0.5, 4.5, 8)
        nodes = INPUTS + OUTPUTS
        watch = Watch(np.array([0] * nodes + [1]), 3.0, np.zeros(nodes + 1))
        for turn in range(3):
            bench.write_codes(shuffled(bench, turn))
            sight = reference.look(bench)
            alarms += bool(watch.look(sight.readings, sight.shared).departed.any())
    assert alarms == 0


def test_nothing_is_driven_beyond_its_levels_and_nothing_written() -> None:
    bench, board, branch = opened(adc={"bits": 16, "span": "5 V"}, dac={"bits": 16, "span": "5 V"})
    states = Reference(branch, 1.0, 3.0, 5).states(bench)
    volts = [v for state in states for v in state.voltages.values()]
    assert min(volts) >= 1.0 - 5 / 65535
    assert max(volts) <= 3.0 + 5 / 65535
    before = board.counters.writes
    Reference(branch, 1.0, 3.0, 5).look(bench)
    assert board.counters.writes == before
    assert board.counters.measurements == len(states) == 20


def test_a_reading_at_a_rail_is_left_out_and_the_others_stay() -> None:
    faults = [{"kind": "adc-stuck", "node": "out1", "code": 0}]
    bench, _, branch = opened(adc={"bits": 16, "span": "5 V"}, faults=faults)
    readings = Reference(branch, 0.5, 4.5, 4).look(bench).readings
    lost = bench.topology.nodes.index("out1")
    assert np.isnan(readings[:, lost]).all()
    assert np.isfinite(np.delete(readings, lost, axis=1)).all()
