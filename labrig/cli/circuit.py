"""``labrig circuit``: networks of resistors, without a bench."""

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Json
from labrig.cli.tables import print_table
from labrig.errors import ConfigError

if TYPE_CHECKING:
    from labrig.circuit.netfile import NetSolution

app = command_group("Networks of resistors, without a bench.")


@app.callback()
def circuit() -> None:
    """Networks of resistors, without a bench."""


@app.command()
def solve(
    net: Annotated[Path, typer.Argument(metavar="NET.json", help="The network and what is forced on it.")],
    json: Json = False,
) -> None:
    """Print the node potentials of a resistor network.

    The currents of forced nodes are printed as well.

    NET.json: {"edges": [[0, 1], [1, 2]], "conductances": [1, 3], "fixed": {"0": 1}, "cases": [{"2": 0}]}.
    Siemens and volts; nodes are integers; parallel edges add; each case adds forced nodes to the fixed ones;
    currents are positive into the network.

    Example: labrig circuit solve divider.json --json
    """
    from labrig.circuit.netfile import solve_net

    try:
        text = net.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{net} cannot be read: {error.strerror}"
        raise ConfigError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{net} cannot be read: it is not UTF-8 text"
        raise ConfigError(msg) from error
    solution = solve_net(text, str(net))
    if json:
        print(dumps(solution.as_json()))
    else:
        _print_table(solution)


def _print_table(solution: "NetSolution") -> None:
    from rich.table import Table

    table = Table("case", "node", "potential (V)", "current into the network (A)")
    for column in table.columns:
        column.justify = "right"
    cases = zip(solution.potentials.tolist(), solution.forced_currents, strict=True)
    for case, (potentials, currents) in enumerate(cases):
        for node, volts in zip(solution.nodes, potentials, strict=True):
            current = f"{currents[node]:.9g}" if node in currents else ""
            table.add_row(str(case), str(node), f"{volts:.9g}", current)
        table.add_section()
    print_table(table)
