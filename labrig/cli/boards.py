"""Boards and checks of boards as JSON, and as what views draw."""

from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np

from labrig.boards.base import BoardInfo, Converter
from labrig.boards.looking import Look
from labrig.procedures.board_check.check import BoardCheck
from labrig.procedures.board_check.report import Report
from labrig.units import format_quantity
from labrig.views.board_picture import BoardMap
from labrig.views.words import duration


def board_json(found: Look) -> dict[str, Any]:
    """What ``labrig board info --json`` prints, in SI units; null is what a board does not have or say."""
    info = asdict(found.info)
    fingerprint, nudging = info.pop("fingerprint"), info.pop("nudging")
    through = nudging["through"]
    nudging["through"] = None if through is None else [_known(siemens) for siemens in through]
    return {
        **info,
        "fingerprint": None if fingerprint is None else f"{fingerprint:08X}",
        "nudging": nudging,
        "boot_count": found.boot_count,
        "health": None if found.health is None else asdict(found.health),
    }


def _program(info: BoardInfo) -> tuple[str, str]:
    """What brings a branch where it is to be."""
    if info.pulses is not None:
        up, down = (format_quantity(v, "V") for v in (info.pulses.highest_set, info.pulses.highest_reset))
        return "pulses", f"up to {up} to set, {down} to reset"
    return "codes", "continuous" if info.codes is None else f"{info.codes.minimum} … {info.codes.maximum}"


def board_facts(found: Look) -> list[tuple[str, str]]:
    """What ``labrig board info`` tabulates."""
    info, health = found.info, found.health
    facts = [
        ("board", f"{info.serial_number} ({info.kind})"),
        ("firmware", info.firmware),
        ("protocol", "none, in process" if info.fingerprint is None else f"{info.fingerprint:08X}"),
        ("boot count", str(found.boot_count)),
        ("lines", f"{info.inputs} inputs, {info.outputs} outputs, {info.hidden} hidden"),
        ("branches", f"{info.branches}{' dividers' if info.dividers else ''}, {info.part}"),
        _program(info),
        ("ADC", _converter(info.adc)),
        ("DAC", _converter(info.dac)),
        ("drive resistor", format_quantity(info.drive, "ohm") if info.drive else "none"),
        ("nudges", _nudges(info)),
        ("heartbeat", "none" if info.heartbeat is None else format_quantity(info.heartbeat, "s")),
        ("averages", f"up to {info.max_averages}"),
    ]
    if health is None:
        return facts
    return [
        *facts,
        ("up for", duration(health.uptime)),
        ("supply", format_quantity(health.supply, "V", 4)),
        ("temperature", f"{health.temperature:.1f} °C"),
        ("drivers", f"{health.driven} on, {'armed' if health.armed else 'disarmed'}"),
        ("last refusal", health.fault or "none"),
        ("since its reset", f"{health.states} states scanned, {health.codes_written} codes written"),
        ("frames", f"{health.frames_good} good, {health.frames_bad} bad, {health.overruns} overruns"),
        ("heartbeat ran out", f"{health.heartbeat_expired} times"),
    ]


def check_json(found: BoardCheck, told: Report) -> dict[str, Any]:
    """What ``labrig board check --json`` prints; null where a number is not known."""
    topology = found.topology
    return {
        "board": found.serial_number,
        "part": found.part,
        "passed": told.passed,
        "checks": [asdict(line) for line in told.lines],
        "faults": list(told.faults),
        "not_checked": list(told.not_checked),
        "branches": [
            {
                "branch": topology.branch_name(branch),
                "state": str(verdict.state),
                "ratio": _known(verdict.ratio),
                "responses": [_known(response) for response in verdict.responses],
                "stuck_code": _known(verdict.code),
                "answers_to": topology.branch_name(verdict.wiper_of),
            }
            for branch, verdict in enumerate(found.branches)
        ],
        "picture": None,
    }


def board_map(found: BoardCheck, told: Report) -> BoardMap:
    """What the picture of a check shows."""
    topology = found.topology
    faulty = len(told.faults)
    return BoardMap(
        title=f"board {found.serial_number}",
        facts=f"{found.part}   ·   {len(found.branches)} branches   ·   {faulty} faults",
        checks=[asdict(line) for line in told.lines],
        passed=told.passed,
        nodes=topology.nodes,
        ends=topology.branches,
        crossbar=topology.crossbar_shape,
        ratios=np.array([verdict.ratio for verdict in found.branches]),
        states=[str(verdict.state) for verdict in found.branches],
    )


def _converter(converter: Converter | None) -> str:
    if converter is None:
        return "none: exact"
    return f"{converter.bits} bits, 0 … {format_quantity(converter.span, 'V')}"


def _nudges(info: BoardInfo) -> str:
    nudging = info.nudging
    kinds = (
        ("toward a target", nudging.toward_target),
        ("through a conductance", nudging.through is not None),
        ("by a current", nudging.inject),
    )
    return ", ".join(kind for kind, known in kinds if known) or "none"


def _known(value: float) -> float | None:
    return value if isfinite(value) else None
