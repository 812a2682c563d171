"""A training whose branches are memristors: how they are written, and what it stores of pulses and wear."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from labrig.bench.bench import Bench
from labrig.bench.memristor_bench import MemristorBench
from labrig.bench.open_loop import OpenLoop
from labrig.config.boards import FirmwareBoard
from labrig.config.learning import ConstantInitial, LearningConfig, VerifiedWrite
from labrig.config.rig import BoardConfig
from labrig.errors import ConfigError
from labrig.procedures.training.checkpoint import Tally
from labrig.store.columns import Column, Constant, Value
from labrig.store.tables import Json


def prepare_writes(bench: Bench, learning: LearningConfig) -> None:
    """Let a bench of memristors write as an experiment says.

    Raises
    ------
    ConfigError
        The experiment says how memristors are written, and the board has none.
    """
    write = learning.write
    if not isinstance(bench, MemristorBench):
        if write is not None:
            msg = (
                f"learning.write: found {write.kind}, but board {bench.info.serial_number} has no memristors"
            )
            raise ConfigError(f"{msg}; leave it out")
        return
    write = VerifiedWrite() if write is None else write
    if isinstance(write, VerifiedWrite):
        if write.where == "board" and not bench.info.verifies:
            number = bench.info.serial_number
            msg = f"learning.write.where: board {number} cannot verify by itself; set it to host"
            raise ConfigError(msg)
        bench.by_board = write.where == "board"
        bench.tolerance = write.tolerance
        bench.scheme = replace(
            bench.scheme, most_pulses=write.most_pulses, most_reversals=write.most_reversals
        )
        bench.write_unread(None)
        return
    if not isinstance(learning.initial, ConstantInitial):
        msg = "learning.initial: pulses alone start all branches at one symmetry point; use constant"
        raise ConfigError(msg)
    bench.write_unread(
        OpenLoop(
            bench.part,
            len(bench.topology.branches),
            symmetry=learning.initial.conductance,
            step=write.step,
            highest_set=bench.scheme.set_highest,
            highest_reset=bench.scheme.reset_highest,
            cycles=write.cycles,
        )
    )


def memristor_state(bench: Bench) -> str:
    """What is known of memristors, for a checkpoint; empty where there are none."""
    return json.dumps(bench.state()) if isinstance(bench, MemristorBench) else ""


def restore_memristors(bench: Bench, state: str, board: BoardConfig) -> None:
    """Go on with what the session before has found out, so that a resume does not wear it by trying again.

    A board that is launched for the session has devices as at its first start.
    """
    if isinstance(bench, MemristorBench) and state:
        launched = isinstance(board, FirmwareBoard) and board.launch is not None
        anew = launched and bench.info.kind not in ("simulated", "twin")
        bench.restore(json.loads(state), anew=anew)


def pulsed(bench: Bench) -> tuple[int, int]:
    """Pulses, and reads of the whole array, since the bench was opened; 0 where there are no memristors."""
    return (int(bench.pulses.sum()), bench.reads) if isinstance(bench, MemristorBench) else (0, 0)


def pulse_columns(bench: Bench) -> list[Column]:
    """What is stored a step beside the rest."""
    if not isinstance(bench, MemristorBench):
        return []
    return [
        Column("pulses", "", "sent so far", "int64"),
        Column("reads", "", "of the whole array so far, for writes", "int64"),
        Column("wear", "", "pulses that the most worn branch of the board has had in its life", "int64"),
        Column("missed", "", "branches that the last write left outside its tolerance", "int64"),
        Column("stuck", "", "branches that answer to no pulse, as far as was seen", "int64"),
    ]


def pulse_row(bench: Bench, tally: Tally) -> Mapping[str, Value]:
    """Of one step."""
    if not isinstance(bench, MemristorBench):
        return {}
    return {
        "pulses": tally.pulses,
        "reads": tally.reads,
        "wear": int(bench.wear.pulses.max()),
        "missed": bench.missed,
        "stuck": len(bench.stuck),
    }


def pulse_attributes(bench: Bench) -> Mapping[str, Json]:
    """What a report says beside the numbers."""
    if not isinstance(bench, MemristorBench):
        return {}
    return {
        "memristor": bench.part.name,
        "endurance": bench.part.endurance,
        "write": "verify" if bench.open_loop is None else "pulses",
        "write_tolerance": bench.tolerance if bench.open_loop is None else None,
        "part_source": bench.part.source,
    }


def pulse_results(bench: Bench) -> Mapping[str, Constant]:
    """What came out, branch by branch."""
    if not isinstance(bench, MemristorBench):
        return {}
    stuck = np.zeros(len(bench.topology.branches), dtype=np.bool_)
    stuck[list(bench.stuck)] = True
    return {
        "final_wear": Constant(int(bench.wear.pulses.max()), (), "", "of the most worn branch, all runs"),
        "branch_wear": Constant(
            bench.wear.pulses[bench.wipers], ("branch",), "", "pulses in the life of each branch"
        ),
        "branch_stuck": Constant(stuck, ("branch",), "", "answers to no pulse, as far as was seen"),
    }
