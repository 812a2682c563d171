"""Studies: fair turns, equal whatever carries them out, resumable."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.config.loading import load_experiment
from labrig.config.studies import Study, load_study
from labrig.config.study import Budget
from labrig.errors import ConfigError, RunError
from labrig.procedures.contender import Contender
from labrig.procedures.study import (
    groups_of,
    in_processes,
    left_of,
    on_cluster,
    one_by_one,
    run_group,
    study_head,
)
from labrig.procedures.train import train
from labrig.store.lines import Lines
from tests.support.files import Files

STUDY = """
experiment: experiment.yaml
axes:
  rate: {key: learning.step.rate, values: [1e-6, 3e-6]}
  order:
    cases:
      batch: {}
      random: {learning.order: random}
seeds: 2
"""


@pytest.fixture
def study(tmp_path: Path) -> Study:
    Files(tmp_path).simulated(noise="1 mV", stop="{steps: 20}")
    return written(tmp_path)


def written(folder: Path, text: str = STUDY) -> Study:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path)


def timeless(results: Iterator[list[dict[str, Any]]] | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In order, without seconds."""
    flat = [one for part in results for one in (part if isinstance(part, list) else [part])]
    for one in flat:
        del one["seconds"], one["curve"]["seconds"]
    return sorted(flat, key=lambda one: (one["seed"], one["case"]))


def test_results_are_the_same_bit_for_bit_whoever_carries_them_out(study: Study) -> None:
    groups = groups_of(study, simulate=True)
    assert len(groups) == 2  # all cases of a seed share a board
    alone = timeless(one_by_one(groups))
    assert len(alone) == 8
    assert timeless(in_processes(2)(groups)) == alone
    dask: Any = import_module("distributed")
    with dask.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        assert timeless(on_cluster(cluster.scheduler_address)(groups)) == alone


def test_a_scheduler_that_is_not_there_is_one_sentence(study: Study) -> None:
    with pytest.raises(ConfigError, match=r"--scheduler tcp://127.0.0.1:9: no scheduler answers"):
        next(on_cluster("tcp://127.0.0.1:9")(groups_of(study, simulate=True)))


def test_a_contender_alone_does_what_a_training_does(tmp_path: Path) -> None:
    experiment = load_experiment(Files(tmp_path).simulated(noise="1 mV", stop="{steps: 20}"))
    with open_bench(experiment.rig) as bench:
        contender = Contender(bench, experiment.config, Budget())
        while contender.ending is None:
            contender.turn()
    with open_bench(experiment.rig) as bench:
        training = train(bench, experiment, runs=tmp_path / "runs")
        training.finish()
        last = contender.curve[-1]
        assert (last.steps, last.measurements) == (20, training.tally().measurements)
        assert last.error == training.error


def test_turns_leave_each_training_what_it_is_alone_where_nothing_drifts(tmp_path: Path) -> None:
    Files(tmp_path).simulated(stop="{steps: 20}")
    study = written(tmp_path)
    (group, _) = groups_of(study, simulate=True)
    together = run_group(group)
    for case, experiment in enumerate(group.experiments):
        with open_bench(experiment.rig) as bench:
            alone = Contender(bench, experiment, group.budget)
            while alone.ending is None:
                alone.turn()
        told = together[case]
        assert (told["error"], told["writes"]) == (alone.curve[-1].error, alone.curve[-1].writes)


@pytest.mark.parametrize(
    ("budget", "most"), [("measurements: 13", ("measurements", 13)), ("writes: 20", ("writes", 20))]
)
def test_a_budget_ends_each_training_at_the_first_turn_that_spends_it(
    tmp_path: Path, budget: str, most: tuple[str, int]
) -> None:
    Files(tmp_path).simulated(stop="{steps: 200}")
    study = written(tmp_path, STUDY + f"budget: {{{budget}}}\n")
    name, count = most
    for result in run_group(groups_of(study, simulate=True)[0]):
        assert result["outcome"] == "stopped"
        assert result["reason"] == f"its budget of {count} {name} is spent"
        assert result[name] >= count
        assert all(spent < count for spent in result["curve"][name][:-1])


def test_the_wall_between_cases_is_their_bounds_too(tmp_path: Path) -> None:
    """A case with a tighter ceiling writes within its own, whoever had the turn before."""
    Files(tmp_path).simulated(stop="{steps: 20}")
    study = written(
        tmp_path,
        "experiment: experiment.yaml\nseeds: 1\naxes:\n  top:\n    cases:\n"
        "      low: {learning.bounds.ceiling: 30 uS, learning.initial.high: 29 uS}\n"
        "      high: {learning.bounds.ceiling: 300 uS, learning.initial.high: 200 uS}\n",
    )
    (group,) = groups_of(study, simulate=True)
    with open_bench(group.experiments[0].rig) as bench:
        low, high = (Contender(bench, one, group.budget) for one in group.experiments)
        for _ in range(5):
            high.turn()
            assert bench.realised().max() > 40e-6
            low.turn()
            assert bench.realised().max() <= 30e-6 * (1 + 1e-12)


@pytest.mark.parametrize("key", ["learning.where: board", "learning.zero: {every: 5}", "drift: {every: 5}"])
def test_what_cannot_take_turns_is_refused(tmp_path: Path, key: str) -> None:
    Files(tmp_path).simulated()
    study = written(tmp_path, STUDY.replace("batch: {}", f"batch: {{{key}}}"))
    with pytest.raises(
        ConfigError, match=r"in studies and rehearsals|which studies and rehearsals do not know"
    ):
        run_group(groups_of(study, simulate=True)[0])


def test_a_case_that_does_not_fit_its_board_is_named_from_any_process(tmp_path: Path) -> None:
    Files(tmp_path).simulated()
    study = written(tmp_path, STUDY.replace("batch: {}", "batch: {rig.limits.branch_current: 1 nA}"))
    with pytest.raises(ConfigError) as caught:
        list(in_processes(1)(groups_of(study, simulate=True)))
    assert "in the case 1e-06, batch, seed 0" in caught.value.__notes__


def test_a_line_that_was_not_finished_counts_for_nothing(study: Study, tmp_path: Path) -> None:
    groups = groups_of(study, simulate=True)
    lines = Lines.create(tmp_path / "runs", "torn", {"study": "torn"})
    lines.append([{"reason": "5 µV"}])
    lines.path.write_bytes(lines.path.read_bytes()[:-5])  # within µ
    assert lines.read() == ({"study": "torn"}, [])
    lines.repair()
    lines.append(run_group(groups[0]))
    whole = lines.path.read_bytes()
    lines.path.write_bytes(whole[:-5])
    lines.repair()
    head, results = lines.read()
    assert (head, len(results)) == ({"study": "torn"}, 3)
    assert left_of(groups, results) == groups
    assert lines.path.read_bytes() == b"".join(line + b"\n" for line in whole.split(b"\n")[:4])


LABRIG = (sys.executable, "-m", "labrig")


def test_a_study_that_was_interrupted_goes_on_to_the_same_results(tmp_path: Path) -> None:
    Files(tmp_path).simulated(noise="1 mV", stop="{steps: 60}")
    written(tmp_path, STUDY.replace("seeds: 2", "seeds: 20"))
    command = [*LABRIG, "study", "study.yaml", "--runs", "runs", "--workers", "2"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = list(tmp_path.glob("runs/*/results.jsonl"))
        if found and found[0].read_text().count("\n") > 1:
            break
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    (results,) = tmp_path.glob("runs/*/results.jsonl")
    before = results.read_text().count("\n") - 1
    assert 0 < before < 80
    folder = results.parent.relative_to(tmp_path)
    assert f"go on   labrig study study.yaml --resume {folder}" in err
    again = [*LABRIG, "study", "study.yaml", "--resume", str(folder), "--workers", "2", "--json"]
    done = subprocess.run(again, cwd=tmp_path, capture_output=True, text=True, check=True)
    (answer,) = json.loads(done.stdout)
    assert (tmp_path / answer["picture"]).stat().st_size > 10_000
    _, resumed = Lines(results.parent).read()
    study = load_study(tmp_path / "study.yaml")
    picked = [groups_of(study, simulate=True)[k] for k in (0, 19)]
    expected = timeless(one_by_one(picked))
    assert [one for one in timeless(resumed) if one["seed"] in {0, 19}] == expected
    assert len(resumed) == 80


def test_another_study_is_not_gone_on_with(tmp_path: Path) -> None:
    Files(tmp_path).simulated(stop="{steps: 2}")
    written(tmp_path)
    made = subprocess.run(
        [*LABRIG, "study", "study.yaml", "--runs", "runs", "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (answer,) = json.loads(made.stdout)
    written(tmp_path, STUDY.replace("seeds: 2", "seeds: 3"))
    refused = subprocess.run(
        [*LABRIG, "study", "study.yaml", "--resume", answer["folder"]],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == RunError.exit_code
    assert "is of another study than study.yaml" in refused.stderr


@pytest.mark.parametrize("change", ["experiment", "bench"])
def test_a_study_of_a_changed_experiment_or_on_another_kind_of_board_is_another(
    tmp_path: Path, change: str
) -> None:
    Files(tmp_path).simulated(stop="{steps: 2}")
    study = written(tmp_path)
    before = study_head(study, groups_of(study, simulate=True))
    if change == "experiment":
        Files(tmp_path).simulated(stop="{steps: 3}")
        study = written(tmp_path)
    after = study_head(study, groups_of(study, simulate=change == "experiment"))
    assert before["digest"] != after["digest"]
    assert {**before, "digest": None} == {**after, "digest": None}


def test_in_simulation_a_training_that_fails_is_a_result_and_the_others_go_on(tmp_path: Path) -> None:
    """Its converter reads one output at a rail, whatever that has: no sample can be used."""
    Files(tmp_path).simulated(stop="{steps: 20}")
    stuck = "[{kind: adc-stuck, node: out1, code: 65535}]"
    study = written(tmp_path, STUDY.replace("batch: {}", f"batch: {{rig.faults: {stuck}}}"))
    results = [one for group in groups_of(study, simulate=True) for one in run_group(group)]
    told = {study.cases[int(one["case"])].labels["order"]: str(one["outcome"]) for one in results}
    assert told == {"batch": "failed", "random": "stopped"}
    (reason, *_) = {one["reason"] for one in results if one["outcome"] == "failed"}
    assert reason.startswith("BoardFault: no sample could be used in the last 3 updates")


def test_on_a_bench_trainings_take_turns_on_the_board_of_the_rig(tmp_path: Path) -> None:
    """Compiled firmware; its codes are those of the simulated board, so that the study comes out alike."""
    board = (
        "kind: firmware\nlaunch: {target: host}\nmodel:\n  elements: {kind: digipot, part: MCP4351-104}\n"
        "  adc: {bits: 16, span: 5 V}\n  dac: {bits: 16, span: 5 V}\n  drive: 10 ohm\n  seed: 5"
    )
    Files(tmp_path).experiment(board, stop="{steps: 20}")
    study = written(tmp_path)
    (real, *_), (simulated, *_) = (groups_of(study, simulate=choice) for choice in (False, True))
    assert [one["writes"] for one in run_group(real)] == [one["writes"] for one in run_group(simulated)]
    found, expected = ([one["error"] for one in run_group(group)] for group in (real, simulated))
    assert np.allclose(found, expected, rtol=0, atol=5 / 65535 * np.sqrt(6))
