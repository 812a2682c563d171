"""The board of a rig as it is, or of a run as the run left it."""

import json
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np

from labrig.bench.assembly import open_bench
from labrig.bench.bench import Bench
from labrig.circuit.network import PhysicalNetwork
from labrig.config.boards import SimulatedBoard
from labrig.config.loading import load_experiment, load_rig
from labrig.config.network import NetworkConfig
from labrig.config.rig import RigConfig
from labrig.errors import ConfigError, RunError
from labrig.learning.zeroing import Zeroed
from labrig.procedures.training.drifting import use_again
from labrig.procedures.training.pulsing import restore_memristors
from labrig.store.catalogue import find_run, runs_folder
from labrig.store.reader import RunReader
from labrig.store.writer import EXPERIMENT_NAME


@contextmanager
def open_rig_or_run(
    target: str, runs: Path | None, *, simulate: bool
) -> Generator[tuple[PhysicalNetwork, NetworkConfig]]:
    """Open a rig by its file, or the rig of a run with the codes of the run's newest step on the board.

    Offsets that the run took off readings are taken off here as well, and a calibration that it made because
    of drift holds here too.

    Raises
    ------
    ConfigError
        The file is not a rig.
    RunError
        There is no such file and no such run, the run has no step, or its board is another one.
    """
    path = Path(target)
    if path.is_file() and path.name != "run.db":
        rig = load_rig(path)
        with open_bench(rig, simulate=simulate) as bench:
            yield bench, rig.network
        return
    run = find_run(target, runs_folder(runs))
    if simulate:
        msg = "--simulate goes with a rig; a run is measured on the board that it was trained on"
        raise ConfigError(msg)
    experiment = load_experiment(run / EXPERIMENT_NAME)
    with RunReader(run) as reader:
        board = reader.info().sessions[0].provenance["board"]
        row = reader.row()
        final = reader.constants().get("final_conductances")
        checkpoint = reader.checkpoint()
        offsets = np.asarray(checkpoint.get("offsets", ()))
    with open_again(experiment.rig, board["kind"], watched=experiment.config.drift is not None) as bench:
        if row is None or bench.info.serial_number != board["serial_number"]:
            why = "it has no step yet" if row is None else f"board {bench.info.serial_number} answers instead"
            msg = f"{run}: its board {board['serial_number']} cannot be measured: {why}"
            raise RunError(msg)
        if drift := checkpoint.get("drift"):
            use_again(bench, run, json.loads(drift))
        restore_memristors(bench, checkpoint.get("memristors", ""), experiment.rig.board)
        if "codes" in row.values:
            codes = np.asarray(row.values["codes"], dtype=np.int64)
            if not np.array_equal(codes, bench.branch_values()):
                bench.write_codes(codes)
        else:
            values = row.values["conductances"] if final is None else final.value
            bench.settle([], program=np.asarray(values, dtype=np.float64))
        yield Zeroed(bench, 0.0, offsets) if offsets.any() else bench, experiment.rig.network


def open_again(rig: RigConfig, kind: str, *, watched: bool = False) -> AbstractContextManager[Bench]:
    """Open the rig of a run: on its board, or in simulation where the run was.

    Its calibration held when the run began, and is not asked for its age again.

    Parameters
    ----------
    kind
        Of the board on which the run was.
    watched
        The run looks at the temperature itself, and may have calibrated at another one.
    """
    accepted = tuple({*rig.accept_calibration, "age", *(["temperature"] if watched else [])})
    again = rig.model_copy(update={"accept_calibration": accepted})
    in_place_of_it = kind == "simulated" and not isinstance(rig.board, SimulatedBoard)
    return open_bench(again, simulate=kind == "twin" or in_place_of_it)
