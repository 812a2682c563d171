"""A check in words and numbers: one line for each thing that was checked, one for each fault."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray
from labrig.devices.parts import DIGIPOTS
from labrig.procedures.board_check.check import BoardCheck
from labrig.procedures.board_check.levels import DIFFERENT
from labrig.procedures.board_check.lines import bad_converters, stuck_off, stuck_on
from labrig.procedures.board_check.verdicts import FAULTS, BranchVerdict, State
from labrig.units import format_quantity

_DAMAGED = 0.01
"""Share of frames that may be damaged: they are sent again. More is a cable or a baud rate."""
_PIN_ABOVE_SUPPLY = 0.3
"""V: what the pins of a part stand above its supply."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was checked."""

    name: str
    passed: bool | None
    """None: not checked."""
    found: str
    allowed: str = ""
    numbers: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Report:
    """What `labrig board check` tells."""

    lines: Sequence[Line]
    faults: Sequence[str]
    """A sentence each."""
    not_checked: Sequence[str]
    """A sentence each."""

    @property
    def passed(self) -> bool:
        """Nothing failed."""
        return all(line.passed is not False for line in self.lines)


def report(check: BoardCheck) -> Report:
    """Put a check into words."""
    apart = np.flatnonzero(check.apart)
    lines = [
        _link(check),
        _supply(check),
        _converters(check, "zero", check.lines.zero, 0.0),
        _converters(check, "full scale", check.lines.full, check.lines.level),
        _switches(check, "driven lines follow", stuck_off(check.lines), check.lines.driven),
        _switches(
            check,
            "released lines float",
            stuck_on(check.lines, check.drive, apart),
            np.where(check.apart, np.nan, check.lines.released),
        ),
        *_branches(check),
    ]
    return Report(lines, list(_faults(check, apart)), list(_not_checked(check)))


def _link(check: BoardCheck) -> Line:
    link = check.link
    if link is None:
        return Line("link", None, "the board is simulated in this process")
    errors = link.wrong + link.damaged
    found = (
        f"{link.echoes} echoes, {format_quantity(link.median, 's', 3)} median,"
        f" {format_quantity(link.p99, 's', 3)} p99, {errors} errors"
    )
    passed = not link.wrong and link.share <= _DAMAGED
    return Line("link", passed, found, f"{_DAMAGED:.0%} damaged, none wrong", asdict(link))


def _supply(check: BoardCheck) -> Line:
    health = check.health
    if health is None:
        return Line("supply", None, "the board does not measure it")
    found = f"{format_quantity(health.supply, 'V', 4)} at {health.temperature:.1f} °C"
    numbers = {"supply": health.supply, "temperature": health.temperature}
    if check.part not in DIGIPOTS:
        return Line("supply", None, found, f"not known for part {check.part}", numbers)
    low, high = DIGIPOTS[check.part].supply
    low = max(low, check.drive.top - _PIN_ABOVE_SUPPLY)
    allowed = f"{format_quantity(low, 'V')} to {format_quantity(high, 'V')}"
    return Line("supply", low <= health.supply <= high, found, allowed, numbers)


def _converters(check: BoardCheck, name: str, off: FloatArray, level: float) -> Line:
    known = np.where(check.apart & np.isnan(check.lines.driven), np.nan, off)
    worst = float(np.nanmax(np.abs(known)))
    limit = check.lines.allowed
    node = int(np.nanargmax(np.nan_to_num(np.abs(known), nan=-1.0).max(axis=0)))
    found = f"off by {format_quantity(worst, 'V', 3)} at most"
    if worst > limit:
        found += f", at {_line(check, node)}"
    numbers = {"level": level, "worst": worst, "line": check.line_names[node]}
    allowed = f"{format_quantity(limit, 'V', 3)}"
    return Line(f"DAC and ADC, {name}", worst <= limit, found, allowed, {**numbers, "limit": limit})


def _switches(check: BoardCheck, name: str, bad: BoolArray, way: FloatArray) -> Line:
    known = int(np.isfinite(way).sum())
    found = f"{known - int(bad.sum())} of {known}"
    if not known:
        return Line(name, None, "no line that floats is joined to anything")
    numbers = {"lines": known, "failed": _names(check, bad), "least": float(np.nanmin(way))}
    return Line(name, not bad.any(), found, "all", numbers)


def _branches(check: BoardCheck) -> Iterator[Line]:
    counted = Counter(verdict.state for verdict in check.branches)
    tried = len(check.branches) - counted[State.MASKED]
    unwritten = counted[State.UNWRITTEN]
    yield Line("codes read back", not unwritten, f"{tried - unwritten} of {tried} at three codes", "all")
    told = tried - counted[State.UNKNOWN]
    follow = counted[State.FINE] + counted[State.OFF]
    broken = any(counted[state] for state in FAULTS - {State.OFF})
    yield Line(
        "conductances follow codes",
        None if counted[State.UNKNOWN] and not broken else not broken,
        f"{follow} of {told} at three codes",
        "all",
        {str(state): counted[state] for state in State if counted[state]},
    )
    ratios = [v.ratio for v in check.branches if v.state in {State.FINE, State.OFF} and np.isfinite(v.ratio)]
    spread = check.ladder.spread
    if ratios:
        low, high = min(ratios), max(ratios)
        found = f"{low:.3f} to {high:.3f} of the median around a node"
        allowed = "" if spread is None else f"{spread[0] / spread[1]:.3f} to {spread[1] / spread[0]:.3f}"
        passed = None if spread is None else not counted[State.OFF]
        yield Line("measured over nominal", passed, found, allowed, {"lowest": low, "highest": high})
    miswired = counted[State.MISWIRED]
    yield Line("wiring", not miswired, f"{miswired} branches answer to other wipers", "0")


def _faults(check: BoardCheck, apart: IntArray) -> Iterator[str]:
    yield from _link_faults(check)
    yield from _line_faults(check, apart)
    yield from _swaps(check)
    yield from _branch_faults(check)


def _link_faults(check: BoardCheck) -> Iterator[str]:
    link = check.link
    if link is not None and (link.wrong or link.share > _DAMAGED):
        damaged = f"{link.damaged} frames of {link.echoes} were damaged"
        yield f"link: {damaged}, {link.wrong} echoes wrong; check cable and baud rate"


def _line_faults(check: BoardCheck, apart: IntArray) -> Iterator[str]:
    for node in np.flatnonzero(bad_converters(check.lines, apart)).tolist():
        off = np.abs([check.lines.zero[:, node], check.lines.full[:, node]])
        worst = format_quantity(float(np.nanmax(off)), "V", 3)
        yield f"{_line(check, node)}: DAC and ADC disagree by {worst}; check both and their reference"
    for node in np.flatnonzero(stuck_off(check.lines)).tolist():
        yield f"{_line(check, node)}: the line does not follow its driver; check the switch and the DAC"
    for node in np.flatnonzero(stuck_on(check.lines, check.drive, apart)).tolist():
        yield f"{_line(check, node)}: the line does not float when it is released; check the switch"
    for node in apart.tolist():
        yield f"{_line(check, node)}: nothing conducts to the line; all its branches are open"


def _swaps(check: BoardCheck) -> Iterator[str]:
    stands = {moved.node: moved.stands_for for moved in check.moved}
    nodes, lines = check.topology.nodes, check.line_names
    for node, other in stands.items():
        if stands.get(other) != node:
            yield f"{_line(check, node)} is joined to where {_line(check, other)} belongs"
        elif node < other:
            yield (
                f"{_line(check, node)} and {_line(check, other)} are swapped: in the rig's wiring give"
                f" {nodes[node]} {lines[other]} and {nodes[other]} {lines[node]}, or swap the wires"
            )


def _branch_faults(check: BoardCheck) -> Iterator[str]:
    whole = {moved.node for moved in check.moved}
    for branch, verdict in enumerate(check.branches):
        told = verdict.state == State.MISWIRED and whole & set(check.topology.branches[branch])
        if verdict.state in FAULTS and not told:
            yield f"{check.topology.branch_name(branch)}: {_wrong(check, verdict)}"


def _wrong(check: BoardCheck, verdict: BranchVerdict) -> str:
    if verdict.state == State.STUCK and np.isfinite(verdict.code):
        return f"stuck near code {verdict.code:.0f}, it does not answer to its wiper"
    if verdict.state == State.MISWIRED:
        other = check.topology.branch_name(verdict.wiper_of)
        return f"answers to wiper {check.wipers[verdict.wiper_of]}, which the wiring gives to {other}"
    if verdict.state == State.OFF:
        return f"follows its codes, but conducts {verdict.ratio:.3g} times what its neighbours do"
    return {
        State.OPEN: "open, it does not conduct",
        State.SHORT: "short, it conducts as at code 0 whatever its code",
        State.STUCK: "stuck, it does not answer to its wiper",
        State.ODD: "its conductance does not follow its codes",
        State.UNWRITTEN: "its chip holds another code than was written to it",
    }[verdict.state]


def _not_checked(check: BoardCheck) -> Iterator[str]:
    names = [check.topology.branch_name(k) for k, v in enumerate(check.branches) if v.state == State.UNKNOWN]
    if names:
        yield (
            f"{len(names)} branches ({_some(names)}) could not be told from their neighbours: too few lines"
            " can be driven around them, or a fault next to them hides them"
        )
    masked = sum(verdict.state == State.MASKED for verdict in check.branches)
    if masked:
        yield f"{masked} branches are masked by the rig and were not written"
    if len(check.topology.outputs) > DIFFERENT:
        yield f"swapped wires are told from each other among {DIFFERENT} neighbours only"
    yield (
        "one common factor of all conductances around a node: voltages alone do not tell it"
        " (labrig compares branches with their neighbours)"
    )


def _line(check: BoardCheck, node: int) -> str:
    return f"{check.topology.nodes[node]} ({check.line_names[node]})"


def _names(check: BoardCheck, chosen: BoolArray) -> list[str]:
    return [check.topology.nodes[node] for node in np.flatnonzero(chosen).tolist()]


def _some(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])}, …"
