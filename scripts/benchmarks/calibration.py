"""Calibration of wipers: whether 95 % intervals hold, whether all broken branches are found, and the cost.

Boards of 8×6 potentiometers, each with its own tolerance, matching, wiper resistances, nonlinearity, offsets
and gains. Half of them have five broken branches. Exit code 1 where an interval holds less than 93 % or more
than 97 % of the truth, a broken branch is missed, or 0.1 % of the sound ones are blamed.
"""

import argparse
import os
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
from rich.console import Console
from rich.table import Table

from labrig.arrays import FloatArray
from labrig.bench.assembly import open_bench
from labrig.bench.bench import Bench
from labrig.boards.base import Counters
from labrig.config.boards import SimulatedBoard
from labrig.config.calibration import WipersCalibration
from labrig.config.rig import RigConfig
from labrig.devices.curves import resistances_at, uncertainties_at
from labrig.procedures.calibrating.calibrate import calibrate_wiper
from labrig.procedures.sweeps.codes import by_the_board, sweep_codes
from labrig.procedures.sweeps.selecting import select
from labrig.sim.branches import TrueDigipots, draw_branches

INPUTS, OUTPUTS = 8, 6
NAMES = [f"in{i}-out{j}" for i in range(INPUTS) for j in range(OUTPUTS)]
ALL_CODES = np.arange(257)
BROKEN: dict[str, dict[str, Any]] = {
    "open": {"kind": "open"},
    "short": {"kind": "short"},
    "stuck": {"kind": "stuck"},
    "non-monotone": {"kind": "bit-stuck"},
    "noisy": {"kind": "noisy", "spread": 0.03},
}
NOISES = ("30 uV", "50 uV", "70 uV", "100 uV")
"""Of a reading; less than 0.4 of the 76 uV of a step leaves rounding alone to chance."""
HELD = 2_000_000
"""Added to the seeds: those of the tests are smaller."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one board showed."""

    off: FloatArray
    """R_W, R_AB (B, 2) and all codes (B, 257), in standard uncertainties; sound boards only."""
    missed: list[str]
    blamed: int
    sound: int
    seconds: float


def rig(seed: int, board: dict[str, Any], faults: list[dict[str, Any]]) -> RigConfig:
    """A board of this seed."""
    return RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": INPUTS, "outputs": OUTPUTS},
            "board": board | {"seed": seed} if board["kind"] == "simulated" else board,
            "faults": faults,
        }
    )


def model(noise: str) -> dict[str, Any]:
    """Of a simulated board."""
    return {
        "elements": {"kind": "digipot", "part": "MCP4351-104", "vices": {}},
        "adc": {"bits": 16, "span": "5 V", "offset": "2 mV", "gain": "1 %", "noise": noise},
        "dac": {"bits": 16, "span": "5 V", "offset": "5 mV", "gain": "0.5 %"},
        "drive": "100 ohm",
    }


def quiet(_what: str, _done: int, _of: int) -> None:
    """Tell nothing."""


def wipers_of(bench: Bench, repeats: int) -> WipersCalibration:
    """Calibrate; the board has codes."""
    found = calibrate_wiper(bench, [], repeats, None, quiet).wipers
    if found is None:
        raise SystemExit("nothing was calibrated")
    return found


def one_board(place: int) -> Found:
    """Calibrate one board, and hold what is found against what is true."""
    seed = HELD + place
    generator = np.random.default_rng(seed)
    noise = NOISES[place // 2 % len(NOISES)]
    faults: list[dict[str, Any]] = []
    if place % 2:
        chosen = generator.choice(NAMES, len(BROKEN), replace=False)
        faults = [{**fault, "branch": str(name)} for name, fault in zip(chosen, BROKEN.values(), strict=True)]
        faults[2]["code"] = int(generator.integers(0, 257))
        faults[3] |= {"bit": int(generator.integers(2, 8)), "value": int(generator.integers(0, 2))}
    config = rig(seed, {"kind": "simulated", **model(noise)}, faults)
    start = time.perf_counter()
    with open_bench(config) as bench:
        found = wipers_of(bench, 2)
    seconds = time.perf_counter() - start
    told = {name: branch.verdict for name, branch in found.branches.items() if branch.verdict != "sound"}
    broken = {str(fault["branch"]): kind for fault, kind in zip(faults, BROKEN, strict=False)}
    # A wiper stuck at one of the lowest codes is a short.
    right = {name: {kind, "short"} if kind == "stuck" else {kind} for name, kind in broken.items()}
    missed = [kind for name, kind in broken.items() if told.get(name) not in right[name]]
    blamed = len(told.keys() - broken.keys())
    off = np.empty((0, 0)) if faults else _off(found, config)
    return Found(off, missed, blamed, len(NAMES) - len(faults), seconds)


def _off(found: WipersCalibration, config: RigConfig) -> FloatArray:
    board = cast("SimulatedBoard", config.board)
    true = cast("TrueDigipots", draw_branches(board.elements, len(NAMES), board.seed))
    measured = np.array(found.codes)
    off = np.full((len(NAMES), 2 + len(ALL_CODES)), np.nan)
    for k, name in enumerate(NAMES):
        branch = found.branches[name]
        if branch.verdict != "sound":
            continue
        off[k, 0] = (branch.wiper - true.law.wiper[k]) / branch.covariance[0] ** 0.5
        off[k, 1] = (branch.end_to_end - true.law.end_to_end[k]) / branch.covariance[2] ** 0.5
        curve = (branch.wiper, branch.end_to_end)
        told = resistances_at(ALL_CODES, measured, curve, np.array(branch.residuals), found.steps)
        tap = branch.end_to_end / found.steps
        doubt = uncertainties_at(ALL_CODES, measured, np.array(branch.uncertainties), tap, found.mismatch)
        exact = true.resistances(np.full(len(ALL_CODES), k), ALL_CODES)
        off[k, 2:] = (told - exact) / doubt
    return off


def cost(target: str) -> list[tuple[str, int, int, float]]:
    """Exchanges, settled states and seconds of all branches at once, and of one after another."""
    board = {
        "kind": "firmware",
        "launch": {"target": target},
        "serial_number": "BENCH",
        "model": model("0 V"),
    }
    with open_bench(rig(1, board, [])) as bench:
        before, start = bench.counters, time.perf_counter()
        codes = wipers_of(bench, 1).codes
        together = _spent(bench, before, time.perf_counter() - start, 1)
        bench.make_safe()
        selected = select(bench.topology, "in0,out0", "in0")
        before, start = bench.counters, time.perf_counter()
        measure = by_the_board(bench, selected, 0.15)
        deque(sweep_codes(bench, selected, codes, 1, measure), maxlen=0)
        apart = _spent(bench, before, time.perf_counter() - start, len(NAMES))
    return [("all branches at once", *together), ("one branch after another", *apart)]


def _spent(bench: Bench, before: Counters, seconds: float, times: int) -> tuple[int, int, float]:
    after = bench.counters
    exchanges, states = after.exchanges - before.exchanges, after.measurements - before.measurements
    return times * exchanges, times * states, times * seconds


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--target", choices=["host", "atmega2560"], default="atmega2560")
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        found = list(pool.map(one_board, range(options.boards), chunksize=4))
    console = Console(width=None if sys.stdout.isatty() else 120)
    failed = tell_intervals(found, console)
    failed = tell_verdicts(found, console) or failed
    with TemporaryDirectory() as folder:
        os.environ["LABRIG_STATE"] = str(Path(folder) / "state")
        tell_cost(options.target, console)
    return int(failed)


def tell_intervals(found: list[Found], console: Console) -> bool:
    """Share of the truth within the intervals; whether one is not as it should be."""
    off = np.array([each.off for each in found if each.off.size])
    inside = np.where(np.isnan(off), np.nan, np.abs(off) < 1.96)
    shares = {
        "R_W": np.nanmean(inside[:, :, 0]),
        "R_AB": np.nanmean(inside[:, :, 1]),
        "R at every code": np.nanmean(inside[:, :, 2:]),
    }
    table = Table(title=f"95 % intervals, {len(off)} sound boards of {len(NAMES)} branches")
    for head in ("of", "hold the truth", "wanted"):
        table.add_column(head, justify="right")
    for name, share in shares.items():
        table.add_row(name, f"{100 * share:.2f} %", "93 to 97 %")
    console.print(table)
    return any(not 0.93 <= share <= 0.97 for share in shares.values())


def tell_verdicts(found: list[Found], console: Console) -> bool:
    """Broken branches that were missed, sound ones that were blamed; whether there are too many."""
    broken = sum(not each.off.size for each in found)
    missed = [kind for each in found for kind in each.missed]
    blamed, sound = sum(each.blamed for each in found), sum(each.sound for each in found)
    table = Table(
        title=f"verdicts, {broken} boards with five broken branches each, {len(found) - broken} without"
    )
    for head in ("branch", "on boards", "told otherwise"):
        table.add_column(head, justify="right")
    for kind in BROKEN:
        table.add_row(kind, str(broken), str(missed.count(kind)))
    table.add_row("sound", str(sound), f"{blamed} ({100 * blamed / sound:.3f} %)")
    console.print(table)
    console.print(f"{np.median([each.seconds for each in found]):.2f} s a board in process, median")
    return bool(missed) or blamed >= 1e-3 * sound


def tell_cost(target: str, console: Console) -> None:
    """What it takes on firmware."""
    rows = cost(target)
    table = Table(title=f"{len(NAMES)} branches at the same codes, up and down, on {target}")
    for head in ("way", "exchanges", "settled states", "seconds", "over all at once"):
        table.add_column(head, justify="left" if head == "way" else "right")
    for way, exchanges, states, seconds in rows:
        ratio = seconds / rows[0][3]
        table.add_row(way, str(exchanges), str(states), f"{seconds:.1f}", f"{ratio:.1f}")
    console.print(table)
    console.print("one after another: one branch was measured, its cost multiplied")


if __name__ == "__main__":
    sys.exit(main())
