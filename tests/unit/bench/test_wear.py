"""What a board has had in its life outlives the process."""

import json
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.bench.memristor_bench import MemristorBench
from labrig.bench.wear import Wear, wear_folder
from labrig.errors import ConfigError
from tests.support.memristors import memristor_rig


def add(folder: Path, wiper: int, times: int) -> None:
    wear = Wear(folder, "A7", 4)
    for _ in range(times):
        wear.add(np.array([wiper]), np.array([1]))
        wear.save()


def test_pulses_of_all_runs_add_up(state_folder: Path) -> None:
    before = np.zeros(12, dtype=np.int64)
    for run in (1, 2, 3):
        with open_bench(memristor_rig()) as bench:
            assert isinstance(bench, MemristorBench)
            np.testing.assert_array_equal(bench.wear.pulses, before)
            bench.write(np.full(12, (30 + 10 * run) * 1e-6))
            assert bench.pulses.sum() > 0
            # The devices of a new process are as new; their board is not.
            before = before + bench.pulses
        kept = json.loads((state_folder / "wear/simulated/SIM5-CMO-HFOX-4x3.json").read_text())
        assert kept == {"serial_number": "SIM5-CMO-HFOX-4x3", "pulses": before.tolist()}


def test_simulated_boards_of_one_seed_that_differ_are_counted_apart(state_folder: Path) -> None:
    for rows in (2, 3):
        with open_bench(memristor_rig(rows=rows)) as bench:
            assert isinstance(bench, MemristorBench)
            assert bench.wear.pulses.tolist() == [0] * 3 * rows
            bench.write(np.full(3 * rows, 50e-6))
    assert len(list((state_folder / "wear/simulated").glob("*.json"))) == 2


def test_boards_and_simulations_are_kept_apart(state_folder: Path) -> None:
    assert wear_folder(simulated=True) != wear_folder(simulated=False)
    assert {wear_folder(simulated=kind).parent for kind in (True, False)} == {state_folder / "wear"}
    one, other = Wear(state_folder, "A7", 2), Wear(state_folder, "A/7", 2)
    one.add(np.array([0]), np.array([3]))
    one.save()
    assert other.pulses.sum() == 0
    assert other.path.parent == state_folder


def test_processes_that_count_for_one_board_lose_nothing(tmp_path: Path) -> None:
    context = get_context("spawn")
    processes = [context.Process(target=add, args=(tmp_path, wiper, 20)) for wiper in (1, 1, 3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert Wear(tmp_path, "A7", 4).pulses.tolist() == [0, 40, 0, 20]
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".tmp") == []


def test_what_was_not_saved_is_counted_while_the_process_lives(tmp_path: Path) -> None:
    wear = Wear(tmp_path, "A7", 2)
    wear.add(np.array([0, 1]), np.array([2, 5]))
    assert wear.pulses.tolist() == [2, 5]
    assert not wear.path.exists()


@pytest.mark.parametrize("content", ["", "{}", '{"pulses": "many"}', '{"pulses": [1, 2, 3]}'])
def test_a_file_that_cannot_be_used_is_named_and_not_overwritten(tmp_path: Path, content: str) -> None:
    (tmp_path / "A7.json").write_text(content)
    with pytest.raises(ConfigError, match=r"A7\.json .* move it\s+away to begin at 0"):
        Wear(tmp_path, "A7", 2)
    assert (tmp_path / "A7.json").read_text() == content
