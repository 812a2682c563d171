"""Prove a board before it is trusted: link, supply, converters, switches, every wiper, and the wiring."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from labrig.bench.bench import Bench
from labrig.bench.endings import afterwards
from labrig.bench.memristor_bench import MemristorBench
from labrig.boards.base import Program
from labrig.devices.parts import digipot
from labrig.errors import BoardFault, ConfigError
from labrig.procedures.board_check.check import BoardCheck
from labrig.procedures.board_check.levels import CODES, Drive, Ladder, ladder
from labrig.procedures.board_check.lines import bad_converters, read_lines, stuck_off
from labrig.procedures.board_check.link import check_link
from labrig.procedures.board_check.observers import first_choice, other_choice
from labrig.procedures.board_check.probing import Prober, Progress
from labrig.procedures.board_check.verdicts import BranchVerdict, State, judge, place_stuck
from labrig.procedures.board_check.wiring import find_wipers, moved_nodes


def check_board(bench: Bench, progress: Progress) -> BoardCheck:
    """Measure everything that voltages tell about a board; it ends as it began, and released.

    A branch is compared with its neighbours: with voltages alone the conductances around a node are known up
    to one factor. Codes are tried one branch a node at a time, many nodes at once, so that no fault hides
    another. Of branches tried together each has codes of its own, which tells whose wiper it answers to.

    Parameters
    ----------
    progress
        Told what is being checked, how much of it is done, and how much there is.

    Raises
    ------
    ConfigError, LimitExceeded
        The limits leave nothing to measure with, or the board has memristors or dividers.
    LinkError, ProtocolError, DeviceError
        The board does not answer, or does not get its codes back.
    """
    if isinstance(bench, MemristorBench):
        msg = (
            f"board {bench.info.serial_number} has memristors, which a check would wear out: it writes every"
            " branch many times; look at its readings with labrig null, and find stuck devices with labrig"
            " retention --for '1 s'"
        )
        raise ConfigError(msg)
    if bench.info.dividers:
        msg = (
            f"board {bench.info.serial_number} has dividers, which a check cannot judge: it sets branches one"
            " by one; look at its readings with labrig null, and at branches with labrig sweep codes"
        )
        raise ConfigError(msg)
    original = bench.held()
    with afterwards(lambda: _restore(bench, original)):
        return _check(bench, progress)


def _restore(bench: Bench, original: Program) -> None:
    bench.make_safe()
    bench.write_program(original)
    if not np.array_equal(bench.read_back(), bench.branch_values()):
        msg = f"board {bench.info.serial_number} does not hold its codes again: write them anew before a run"
        raise BoardFault(msg)


def _check(bench: Bench, progress: Progress) -> BoardCheck:
    topology = bench.topology
    link = check_link(bench, progress)
    health = None if bench.monitored is None else bench.monitored.health()
    drive = Drive.of(bench)
    steps = ladder(bench, drive.span)
    progress("lines", 0, 1)
    lines = read_lines(bench, drive, steps.base)
    unwritten = _unwritten(bench, steps, progress)
    prober = Prober(bench, drive, steps, lines.at_low, lines.precision)
    verdicts, answering = _judged_branches(bench, prober, steps, progress)
    for branch in unwritten:
        verdicts[branch] = replace(verdicts[branch], state=State.UNWRITTEN)
    blind = np.flatnonzero(bad_converters(lines) | stuck_off(lines))
    for branch, ends in enumerate(topology.branches):
        if set(ends) & set(blind.tolist()) and verdicts[branch].state in {State.OPEN, State.ODD, State.OFF}:
            verdicts[branch] = replace(verdicts[branch], state=State.UNKNOWN)
    open_ = np.array([verdicts[branch].state == State.OPEN for branch in range(len(verdicts))])
    joined = np.zeros(len(topology.nodes), dtype=np.bool_)
    joined[topology.ends[~open_]] = True
    return BoardCheck(
        topology=topology,
        line_names=bench.line_names,
        wipers=bench.wipers,
        serial_number=bench.info.serial_number,
        part=bench.info.part,
        link=link,
        health=health,
        drive=drive,
        lines=lines,
        apart=~joined,
        ladder=steps,
        branches=[_placed(bench, verdicts[branch], steps, branch) for branch in range(len(verdicts))],
        moved=moved_nodes(topology, answering),
    )


def _unwritten(bench: Bench, steps: Ladder, progress: Progress) -> list[int]:
    """Branches whose chips do not tell the codes that they were last sent, at three codes of each."""
    wrong = np.zeros(len(bench.topology.branches), dtype=np.bool_)
    for code in range(CODES):
        progress("read back", code, CODES)
        levels = np.array([steps.triple(branch)[code] for branch in range(len(wrong))])
        bench.scan([], program=np.take_along_axis(steps.rungs, levels[None], axis=0)[0])
        wrong |= np.asarray(bench.read_back() != bench.branch_values())
    return np.flatnonzero(wrong).tolist()


def _judged_branches(
    bench: Bench, prober: Prober, steps: Ladder, progress: Progress
) -> tuple[dict[int, BranchVerdict], dict[int, int]]:
    """Judge every branch at its better end and, where that does not tell, at the other; find swaps."""
    topology = bench.topology
    wanted = first_choice(topology, range(len(topology.branches)))
    verdicts: dict[int, BranchVerdict] = {}
    answering: dict[int, int] = {}
    for choice in (wanted, other_choice(topology, wanted)):
        left = [want for want in choice if want[0] not in verdicts or _is_unsure(verdicts[want[0]])]
        prober.probe(left, progress)
        asked = {branch for branch, _ in left}
        fine = {branch for branch, verdict in verdicts.items() if verdict.state == State.FINE}
        found = _judged(bench, prober, steps, asked, answering, fine)
        suspects = {branch for branch in asked if found[branch].state in {State.STUCK, State.ODD}}
        silent = {branch for branch in asked if found[branch].state == State.OPEN}
        answering |= find_wipers(prober, suspects, suspects | silent, progress)
        for branch, verdict in _judged(bench, prober, steps, asked, answering, fine).items():
            if branch not in verdicts or verdict.state != State.UNKNOWN:
                verdicts[branch] = verdict
    return verdicts, answering


def _is_unsure(verdict: BranchVerdict) -> bool:
    """Whether a branch was read too coarsely, next to none to compare it with, or at a line that never moved.

    Such a line may be cut off, or held by a switch that does not open: its other ends tell.
    """
    strayed = verdict.state in {State.STUCK, State.ODD} and bool(np.isnan(verdict.ratio))
    still = verdict.state == State.OPEN and not verdict.responses
    return verdict.state == State.UNKNOWN or strayed or still


def _judged(
    bench: Bench,
    prober: Prober,
    steps: Ladder,
    asked: set[int],
    answering: Mapping[int, int],
    fine: Collection[int],
) -> dict[int, BranchVerdict]:
    """Each branch that was asked for, at the node where it was read last."""
    found: dict[int, BranchVerdict] = {}
    for node in {prober.observed[branch] for branch in asked}:
        mine = {branch for branch in asked if prober.observed[branch] == node}
        read = {branch: prober.responses[branch] for branch in mine if branch in prober.responses}
        verdicts = judge(prober.stars[node], read, steps, bench.writable, answering, fine)
        found.update({branch: verdicts[branch] for branch in mine})
    return found


def _placed(bench: Bench, verdict: BranchVerdict, steps: Ladder, branch: int) -> BranchVerdict:
    if verdict.state != State.STUCK or not verdict.ratio > 0:
        return verdict
    if bench.info.codes is None:
        return verdict
    part = digipot(bench.info.part)
    return place_stuck(verdict, float(steps.base[branch]), (part.wiper, part.end_to_end), part.steps)
