"""``labrig form``, ``labrig retention`` and ``labrig endurance``: what is done to memristors as such."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labrig.cli.options import Json, Runs

if TYPE_CHECKING:
    from labrig.bench.memristor_bench import MemristorBench
    from labrig.procedures.memristors.runs import Stored

Rig = Annotated[Path, typer.Argument(help="A rig file with a board of memristors.", metavar="RIG")]
Simulate = Annotated[bool, typer.Option("--simulate", help="Use the rig's simulated board.")]
Name = Annotated[str | None, typer.Option(metavar="NAME", help="Name of the run.")]
Branches = Annotated[
    list[str] | None,
    typer.Option("--branch", metavar="IN,OUT", help="Again for each branch; default: all but masked ones."),
]


def form(
    rig: Rig,
    branch: Branches = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="SIEMENS", help="What a formed branch conducts; default: the part's least."),
    ] = None,
    start: Annotated[str | None, typer.Option(metavar="VOLTS", help="First pulse.")] = None,
    ceiling: Annotated[
        str | None, typer.Option(metavar="VOLTS", help="No pulse is higher; default: the part's ceiling.")
    ] = None,
    pulses: Annotated[int, typer.Option(metavar="N", min=1, help="Most pulses on one branch.")] = 100,
    simulate: Simulate = False,
    name: Name = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Form pristine memristors by pulses that rise.

    A branch gets one pulse a round and is read after it. It gets no more once it conducts the target, at the
    ceiling, or after the most pulses. Ceilings are those of the part, the board and the rig's limits.
    Ctrl-C ends after the round; lines are at 0 V then. Exit code 5 where a branch is not formed.

    Example: labrig form rig.yaml --branch in0,out3 --ceiling "2.5 V"
    """
    from labrig.errors import BoardFault
    from labrig.procedures.memristors.forming import FormingPlan, forming_result
    from labrig.procedures.memristors.forming import form as carry_out

    plan = FormingPlan(
        branch or (),
        _read("--target", target, "S"),
        _read("--start", start, "V"),
        _read("--ceiling", ceiling, "V"),
        pulses,
    )
    with _opened(rig, name or "form", runs, simulate=simulate) as (bench, stored, told, asked):
        found = forming_result(carry_out(bench, plan, stored, told, asked))
    _tell(found, _formed_line, json=json)
    left = [each["branch"] for each in _branches(found) if each["ended"] in ("ceiling", "most pulses")]
    if left:
        shown = ", ".join(left[:8]) + (f" and {len(left) - 8} more" if len(left) > 8 else "")
        msg = f"not formed: {shown}; raise --ceiling within what the device stands, or mask them in the rig"
        raise BoardFault(msg)


def retention(
    rig: Rig,
    target: Annotated[str, typer.Option(metavar="SIEMENS", help="To which branches are written first.")],
    last: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Time of the last read, such as '1 h'.")
    ] = None,
    points: Annotated[int, typer.Option(metavar="N", min=2, help="Reads until then, in equal ratios.")] = 20,
    times: Annotated[
        str | None, typer.Option("--times", metavar="LIST", help="Times of your own: '0 s, 10 s, 100 s'.")
    ] = None,
    branch: Branches = None,
    simulate: Simulate = False,
    name: Name = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Write memristors once and read them over time.

    Each read is stored as it comes. A time that has passed already is read at once. Ctrl-C ends the waiting;
    what was read is kept, and lines are at 0 V.

    Example: labrig retention rig.yaml --target "40 uS" --for "600 s"
    """
    from labrig.errors import ConfigError
    from labrig.procedures.memristors.retention import RetentionPlan, retention_result, spaced_times
    from labrig.procedures.memristors.retention import retention as carry_out

    siemens = _read("--target", target, "S")
    if (last is None) == (times is None):
        msg = "retention needs either --for, such as '600 s', or --times"
        raise ConfigError(msg)
    due = (
        [_read("--times", text, "s") or 0.0 for text in times.split(",")]
        if times is not None
        else spaced_times(_read("--for", last, "s") or 0.0, points)
    )
    plan = RetentionPlan(siemens or 0.0, due, branch or ())
    with _opened(rig, name or "retention", runs, simulate=simulate) as (bench, stored, told, asked):
        found = retention_result(carry_out(bench, plan, stored, told, asked))
    _tell(found, _kept_line, json=json)


def endurance(
    rig: Rig,
    branch: Branches = None,
    cycles: Annotated[int, typer.Option(metavar="N", min=1, help="Sets and resets.")] = 1000,
    set_volts: Annotated[
        str | None, typer.Option("--set", metavar="VOLTS", help="Of a set; default: by the part.")
    ] = None,
    reset_volts: Annotated[
        str | None, typer.Option("--reset", metavar="VOLTS", help="Of a reset, without its sign.")
    ] = None,
    window: Annotated[
        float,
        typer.Option(metavar="RATIO", min=1.0, help="End once set over reset is below this; 1: never."),
    ] = 1.0,
    simulate: Simulate = False,
    name: Name = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Set and reset memristors in turn, with a read each.

    It wears devices out, and is told which: --branch. Every read of every cycle is stored. Ctrl-C ends after
    the cycle; lines are at 0 V then.

    Example: labrig endurance rig.yaml --branch in0,out3 --cycles 1000
    """
    from labrig.procedures.memristors.endurance import EndurancePlan, endurance_result
    from labrig.procedures.memristors.endurance import endurance as carry_out

    plan = EndurancePlan(
        branch or (), cycles, _read("--set", set_volts, "V"), _read("--reset", reset_volts, "V"), window
    )
    with _opened(rig, name or "endurance", runs, simulate=simulate) as (bench, stored, told, asked):
        found = endurance_result(carry_out(bench, plan, stored, told, asked))
    _tell(found, _worn_line, json=json)


Told = Callable[[str, int, int], None]
Asked = Callable[[], str | None]


@contextmanager
def _opened(
    rig: Path, name: str, runs: Path | None, *, simulate: bool
) -> Generator[tuple["MemristorBench", "Stored", Told, Asked]]:
    from labrig.bench.assembly import open_bench
    from labrig.config.loading import load_rig
    from labrig.config.writing import to_yaml
    from labrig.procedures.interrupt import first_interrupt_asks
    from labrig.procedures.memristors.runs import Stored, memristors_of
    from labrig.views.parts_progress import PartsProgress

    config = load_rig(rig)
    with (
        open_bench(config, simulate=simulate) as bench,
        first_interrupt_asks() as asked,
        PartsProgress("memristors:") as progress,
    ):
        yield memristors_of(bench), Stored(name, to_yaml(config), runs), progress.update, asked


def _read(option: str, text: str | None, unit: str) -> float | None:
    from labrig.errors import ConfigError
    from labrig.units import parse_quantity

    try:
        return None if text is None else parse_quantity(text.strip(), unit)
    except ValueError as error:
        msg = f"{option}: {error}"
        raise ConfigError(msg) from error


def _branches(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    each: list[dict[str, Any]] = found["branches"]
    return each


def _tell(found: Mapping[str, Any], line: Callable[[dict[str, Any]], str], *, json: bool) -> None:
    from labrig.views.summary import write_summary

    picture = write_summary(Path(found["run"]))
    if json:
        print(dumps({**found, "picture": str(picture)}))
    else:
        for each in _branches(found):
            print(line(each))
        print(f"{found['outcome']}: {found['reason']}")
        print(f"run     {found['run']}")
        print(f"picture {picture}")
    if found["outcome"] == "interrupted":
        raise typer.Exit(130)


def _formed_line(each: dict[str, Any]) -> str:
    from labrig.units import format_quantity

    seen, volts = format_quantity(each["conductance"], "S"), format_quantity(each["highest"], "V")
    return f"{each['branch']:12} {each['ended']:14} {seen:>12}  {each['pulses']} pulses up to {volts}"


def _kept_line(each: dict[str, Any]) -> str:
    change = "not known" if each["change"] is None else f"{100 * each['change']:+.3f} %"
    return f"{each['branch']:12} {'written' if each['written'] else 'not reached':14} change {change}"


def _worn_line(each: dict[str, Any]) -> str:
    from labrig.units import format_quantity

    up, down = (format_quantity(each[key], "S") for key in ("after_set", "after_reset"))
    return (
        f"{each['branch']:12} {down} to {up}, at least {each['least_window']:.3g}-fold, {each['wear']} pulses"
    )
