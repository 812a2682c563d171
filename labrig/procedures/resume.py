"""Go on with a run that ended too early, after making sure that the board still holds what the run wrote."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

import numpy as np

from labrig.arrays import CodeArray
from labrig.bench.bench import Bench
from labrig.config.loading import load_experiment
from labrig.errors import RunError
from labrig.procedures.reopen import open_again
from labrig.procedures.train import Training, first_checkpoint, synchronous_for
from labrig.procedures.training.checkpoint import Checkpoint
from labrig.procedures.training.plan import plan_training
from labrig.procedures.training.pulsing import restore_memristors
from labrig.procedures.training.recording import bench_facts
from labrig.store.columns import Constant
from labrig.store.provenance import collect
from labrig.store.reader import RunReader
from labrig.store.writer import EXPERIMENT_NAME, Run


class Mismatch(Enum):
    """What to do with a board that kept running and holds other codes than the run left there."""

    REFUSE = auto()
    REWRITE = auto()
    ADOPT = auto()


@dataclass(frozen=True, slots=True)
class Stored:
    """What a run says of itself."""

    checkpoint: Checkpoint | None
    """None: not a single step was stored."""
    codes: CodeArray | None
    """Of the newest step, shape (B,); None on a continuous board."""
    errors: tuple[float, ...]
    """Of all steps, V, for the plateau rule."""
    writes: tuple[int, ...]
    """Branch codes sent until each step, for the rule of stillness."""
    serial_number: str
    kind: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """A bench in the state that a run left it in."""

    bench: Bench
    start: Callable[[Callable[[], str | None]], Training]
    """Makes the training that goes on."""


@contextmanager
def open_resumed(run: Path, mismatch: Mismatch = Mismatch.REFUSE) -> Generator[Resumed]:
    """Open the bench of a run and put it where the run stood.

    A board that lost its codes (it was started anew, or lives in the process) gets them back without asking,
    and so does one whose last write was torn. A board that kept running with other codes is refused.

    Raises
    ------
    RunError
        The run has ended by itself, is being written, is of another board, or its board holds other codes.
    """
    stored = _read(run)
    experiment = load_experiment(run / EXPERIMENT_NAME)
    with open_again(experiment.rig, stored.kind, watched=experiment.config.drift is not None) as bench:
        if bench.info.serial_number != stored.serial_number:
            msg = (
                f"{run} is of board {stored.serial_number}, but board {bench.info.serial_number} answers;"
                " connect the run's board"
            )
            raise RunError(msg)
        plan = plan_training(bench, experiment.config)
        checkpoint = stored.checkpoint or first_checkpoint(bench, plan)
        if stored.checkpoint is not None:
            checkpoint = _match(bench, run, stored, checkpoint, mismatch, learns=plan.board is not None)
            restore_memristors(bench, checkpoint.memristors, experiment.rig.board)

        def start(asked: Callable[[], str | None]) -> Training:
            record = Run.resume(
                run,
                synchronous=synchronous_for(bench),
                provenance={**collect(run / EXPERIMENT_NAME), **bench_facts(bench, plan.config)},
            )
            return Training(
                bench, plan, record, checkpoint, asked, past_errors=stored.errors, past_writes=stored.writes
            )

        yield Resumed(bench, start)


def _read(run: Path) -> Stored:
    with RunReader(run) as reader:
        info = reader.info()
        if info.status == "running":
            msg = f"{run} is being written by process {info.sessions[-1].pid}; wait for it or stop it first"
            raise RunError(msg)
        if info.status in {"converged", "stopped"}:
            msg = (
                f"{run} has ended ({info.status}: {info.reason}); start a new run from its {EXPERIMENT_NAME}"
            )
            raise RunError(msg)
        values, constants = reader.checkpoint(), reader.constants()
        row = reader.row()
        board = info.sessions[0].provenance["board"]
        return Stored(
            checkpoint=_at_its_end(Checkpoint.read(values), constants) if values else None,
            codes=np.asarray(row.values["codes"], np.int64) if row and "codes" in row.values else None,
            errors=tuple(reader.scalars("error").tolist()),
            writes=tuple(int(count) for count in reader.scalars("writes").tolist()),
            serial_number=str(board["serial_number"]),
            kind=board["kind"],
        )


def _at_its_end(checkpoint: Checkpoint, constants: Mapping[str, Constant]) -> Checkpoint:
    """With all the time that the run took: it may have gone on after its last step."""
    tally = checkpoint.tally
    return replace(
        checkpoint,
        tally=replace(
            tally,
            wall=max(tally.wall, _final(constants, "wall")),
            waited=max(tally.waited, _final(constants, "waited")),
            expected=max(tally.expected, _final(constants, "expected")),
        ),
    )


def _final(constants: Mapping[str, Constant], name: str) -> float:
    """0 where the run was killed before it could tell."""
    found = constants.get(f"final_{name}")
    return 0.0 if found is None else float(np.asarray(found.value, dtype=np.float64))


def _match(
    bench: Bench, run: Path, stored: Stored, checkpoint: Checkpoint, mismatch: Mismatch, *, learns: bool
) -> Checkpoint:
    """Bring board and checkpoint together; gives the checkpoint to go on from.

    A board that learns by itself may have begun steps that nobody stored: they are taken back and done again.
    """
    bench.exchange_index = checkpoint.exchange_index
    if bench.digest() in {checkpoint.digest, checkpoint.next_digest} or stored.codes is None:
        return checkpoint
    upcoming = bench.codes_of(checkpoint.latent)
    present = bench.branch_values()
    torn = learns or bool(np.all((present == stored.codes) | (present == upcoming)))
    if bench.boot_count != checkpoint.boot_count or torn or mismatch is Mismatch.REWRITE:
        bench.write_codes(stored.codes)
        return checkpoint
    if mismatch is Mismatch.ADOPT:
        moved = present != stored.codes
        return replace(checkpoint, latent=np.where(moved, bench.realised(), checkpoint.latent))
    differ = int(np.count_nonzero(present != stored.codes))
    msg = (
        f"{run}: board {bench.info.serial_number} kept running, but {differ} of its {present.size} codes are"
        " not those that the run left; --rewrite puts the run's codes back, --adopt goes on from the board's"
    )
    raise RunError(msg)
