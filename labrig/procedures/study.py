"""Many trainings over cases and seeds; those of one seed on equal rigs take turns on one board."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib import import_module
from math import isnan, nan
from multiprocessing import active_children, get_context
from signal import SIG_IGN, SIGINT, signal
from typing import Any

from labrig.bench.assembly import open_bench
from labrig.config.experiment import ExperimentConfig
from labrig.config.studies import Study
from labrig.config.study import Budget
from labrig.errors import ConfigError, LabrigError
from labrig.procedures.contender import Contender, Point
from labrig.procedures.drawing import drawn_experiment
from labrig.store.provenance import versions

_ANSWER = 10
"""Seconds that a scheduler has to answer."""


@dataclass(frozen=True, slots=True)
class Group:
    """Trainings that share a board."""

    seed: int
    cases: tuple[int, ...]
    names: tuple[str, ...]
    """Of the cases."""
    experiments: tuple[ExperimentConfig, ...]
    budget: Budget
    simulate: bool
    """On the simulated board of the rig, whatever the rig is."""


def groups_of(study: Study, *, simulate: bool) -> list[Group]:
    """All trainings of a study, seed by seed.

    Raises
    ------
    ConfigError
        A case is no experiment, or cannot be drawn.
    """
    found: list[Group] = []
    for seed in range(study.config.seeds):
        shared: dict[str, list[tuple[int, str, ExperimentConfig]]] = {}
        for number, case in enumerate(study.cases):
            with _told_in(case.name, seed):
                experiment = drawn_experiment(case, seed)
            rig = experiment.rig.model_dump_json()
            shared.setdefault(rig, []).append((number, case.name, experiment))
        for members in shared.values():
            numbers, names, experiments = zip(*members, strict=True)
            found.append(Group(seed, numbers, names, experiments, study.config.budget, simulate))
    return found


def run_group(group: Group) -> list[dict[str, Any]]:
    """Carry out the trainings of a group, one update each in turn, until all have ended.

    Drift of a board, and whatever else time brings, meets all of them alike.

    Returns
    -------
    list
        Of each case, in plain numbers: how it ended, what it spent, and its curve.

    Raises
    ------
    ConfigError
        An experiment does not fit its rig.
    LinkError, ProtocolError, DeviceError, SafetyError
        Of a board on the bench; in simulation the training is told to have failed.
    """
    with open_bench(group.experiments[0].rig, simulate=group.simulate) as bench:
        contenders: list[Contender] = []
        for name, experiment in zip(group.names, group.experiments, strict=True):
            with _told_in(name, group.seed):
                contenders.append(Contender(bench, experiment, group.budget))
        waiting = list(contenders)
        while waiting:
            for contender in waiting:
                _take_turn(contender, group.names[contenders.index(contender)], group)
            waiting = [contender for contender in waiting if contender.ending is None]
    return [
        _told(group.seed, case, contender) for case, contender in zip(group.cases, contenders, strict=True)
    ]


def _take_turn(contender: Contender, name: str, group: Group) -> None:
    """In simulation a training that fails is a result; on a bench it ends the study."""
    try:
        contender.turn()
    except LabrigError as error:
        if not group.simulate:
            error.add_note(f"in the case {name}, seed {group.seed}")
            raise
        contender.fail(error)


@contextmanager
def _told_in(case: str, seed: int) -> Generator[None]:
    """Let a mistake say in which case it is."""
    try:
        yield
    except ConfigError as error:
        error.add_note(f"in the case {case}, seed {seed}")
        raise


def _told(seed: int, case: int, contender: Contender) -> dict[str, Any]:
    curve = contender.curve or [Point(0, 0, 0, 0.0, nan)]
    points = [asdict(point) | {"error": None if isnan(point.error) else point.error} for point in curve]
    ending = contender.ending
    return {
        "case": case,
        "seed": seed,
        "outcome": None if ending is None else ending.outcome,
        "reason": None if ending is None else ending.reason,
        **points[-1],
        "curve": {name: [point[name] for point in points] for name in points[0]},
    }


def study_head(study: Study, groups: Sequence[Group]) -> dict[str, Any]:
    """What the file of results begins with: enough to draw them, and to tell whether it is this study.

    The digest is that of every experiment with all that it names and draws, and of where it is carried out.
    """
    digest = sha256()
    for group in groups:
        for experiment in group.experiments:
            digest.update(f"{group.seed} {group.simulate} {experiment.model_dump_json()}\n".encode())
    config = study.config
    return {
        "study": study.name,
        "axes": {
            name: list(dict.fromkeys(case.labels[name] for case in study.cases)) for name in config.axes
        },
        "cases": [dict(case.labels) for case in study.cases],
        "seeds": config.seeds,
        "against": config.against,
        "of": config.of,
        "config": config.model_dump(mode="json"),
        "digest": digest.hexdigest(),
        "versions": versions(),
    }


Carry = Callable[[Sequence[Group]], Iterator[list[dict[str, Any]]]]
"""Carries out groups, in whatever order."""


def one_by_one(groups: Sequence[Group]) -> Iterator[list[dict[str, Any]]]:
    """In this process: for a bench, or to look closely."""
    return map(run_group, groups)


def in_processes(workers: int) -> Carry:
    """In so many processes of this computer, since Python runs one thread at a time."""

    def carry(groups: Sequence[Group]) -> Iterator[list[dict[str, Any]]]:
        pool = ProcessPoolExecutor(
            min(workers, len(groups)), get_context("spawn"), signal, (SIGINT, SIG_IGN)
        )  # Ctrl-C is told to all; what becomes of a worker is for this process to say
        try:
            for done in as_completed([pool.submit(run_group, group) for group in groups]):
                yield done.result()
        except BaseException:
            for worker in active_children():
                worker.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    return carry


def on_cluster(address: str) -> Carry:
    """On the workers of a Dask cluster, which need labrig installed as well.

    Raises
    ------
    ConfigError
        The package is missing, or nobody answers.
    """
    try:
        dask: Any = import_module("distributed")
    except ImportError as error:
        msg = "--scheduler needs the package distributed: pip install 'labrig[studies]'"
        raise ConfigError(msg) from error

    def carry(groups: Sequence[Group]) -> Iterator[list[dict[str, Any]]]:
        try:
            client = dask.Client(address, timeout=_ANSWER)
        except (OSError, ValueError) as error:
            msg = f"--scheduler {address}: no scheduler answers there: {error}"
            raise ConfigError(msg) from error
        with client:
            for done in dask.as_completed(client.map(run_group, groups, pure=False)):
                yield done.result()

    return carry


def left_of(groups: Sequence[Group], results: Sequence[Mapping[str, Any]]) -> list[Group]:
    """Groups of which not every result is there."""
    done = {(result["seed"], result["case"]) for result in results}
    return [group for group in groups if any((group.seed, case) not in done for case in group.cases)]
