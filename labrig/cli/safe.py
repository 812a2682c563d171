"""``labrig safe``."""

import os
import sys
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labrig.cli.options import Json

if TYPE_CHECKING:
    from labrig.config.rig import MeterRig, RigConfig


def safe(
    rig: Annotated[Path | None, typer.Argument(metavar="[RIG]", help="A rig file.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every rig in use, and those that LABRIG_RIGS names.")
    ] = False,
    json: Json = False,
) -> None:
    """Turn outputs off, whoever drives them.

    A program that has the rig is asked to stop, then told to end, then killed. Then every output is ramped
    down, turned off and read back, and the board's drivers are released. LABRIG_RIGS holds paths of rig
    files with ":" between them. Exit code 6 where something is on still.

    Example: labrig safe --all
    """
    from labrig.bench.live import live_rigs
    from labrig.config.loading import load_meters
    from labrig.errors import ConfigError, SafetyError
    from labrig.procedures.make_safe import make_safe

    if everything == (rig is not None):
        msg = "safe needs either a rig file or --all"
        raise ConfigError(msg)
    targets: list[tuple[MeterRig | RigConfig, list[int]]] = []
    live = live_rigs()
    if rig is not None:
        wanted = load_meters(rig)
        targets.append((wanted, [e.pid for e in live if e.runs and _same(e.rig, wanted)]))
    else:
        targets += [(entry.rig, [entry.pid] if entry.runs else []) for entry in live]
        targets += [
            (load_meters(path), []) for path in filter(None, os.environ.get("LABRIG_RIGS", "").split(":"))
        ]
    devices = [
        device
        for config, pids in targets
        for device in make_safe(config, pids, lambda text: print(text, file=sys.stderr))
    ]
    for entry in live:
        if all(device.safe for device in devices):
            entry.path.unlink(missing_ok=True)
    if json:
        print(dumps([asdict(device) for device in devices]))
    else:
        for device in devices:
            print(f"{'off     ' if device.safe else 'STILL ON'} {device.name}: {device.said}")
        if not devices:
            print("no rig is in use")
    if not all(device.safe for device in devices):
        raise typer.Exit(SafetyError.exit_code)


def _same(one: "MeterRig | RigConfig", other: "MeterRig | RigConfig") -> bool:
    """Whether two rigs share an instrument or a board."""
    mine, others = (
        {meter.link.model_dump_json() for meter in rig.source_meters.values()} for rig in (one, other)
    )
    return bool(mine & others) or getattr(one, "board", 0) == getattr(other, "board", 1)
