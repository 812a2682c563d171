"""Help is quick, and says of every command how it is used."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from labrig.cli.app import app

TYPER = {"annotated_doc", "click", "shellingham", "typer", "typing_extensions"}
START_UP = {"__main__", "_distutils_hack", "labrig"}
HEAVY = {"matplotlib", "numpy", "pint", "pyvisa", "rich", "ruamel", "scipy", "serial", "sqlite3", "xarray"}

IMPORTED = """
import sys
sys.argv = ["labrig", *sys.argv[1:]]
from labrig.cli.app import main
try:
    main()
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Groups and commands, with the words that call them."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, f"{path} {name}")


EVERY = dict(walk(typer.main.get_command(app), "labrig"))
COMMANDS = [path for path, command in EVERY.items() if not hasattr(command, "commands")]
GROUPS = [path for path in EVERY if path not in COMMANDS]


def help_of(path: str, width: int = 200) -> str:
    result = CliRunner().invoke(app, [*path.split()[1:], "--help"], terminal_width=width)
    assert result.exit_code == 0
    return result.stdout


def imported_by_help_of(path: str) -> set[str]:
    """Modules of the packages that are installed, and of labrig."""
    command = [sys.executable, "-c", IMPORTED, *path.split()[1:], "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"Usage: {path}" in done.stdout
    return set(done.stderr.split())


def test_help_imports_the_command_line_and_nothing_else() -> None:
    imported = imported_by_help_of("labrig")
    packages = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    assert packages <= TYPER | START_UP
    assert not {"email", "importlib.metadata", "sqlite3"} & imported
    assert {name.split(".")[1] for name in imported if name.startswith("labrig.")} == {"cli", "errors"}


def test_help_on_one_command_imports_nothing_that_a_bench_needs() -> None:
    imported = imported_by_help_of("labrig train")
    assert not HEAVY & {name.partition(".")[0] for name in imported}
    assert {name.split(".")[1] for name in imported if name.startswith("labrig.")} == {"cli", "errors"}


@pytest.mark.parametrize("path", GROUPS)
def test_a_list_of_commands_says_in_a_whole_line_what_each_of_them_does(path: str) -> None:
    listed = help_of(path, width=80)
    for name, command in EVERY[path].commands.items():
        first = (command.help or "").split("\n", 1)[0]
        assert first.endswith(".")
        assert re.search(rf"^ +{name} +{re.escape(first)}$", listed, re.MULTILINE)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_shows_an_example_that_it_accepts(path: str) -> None:
    (example,) = re.findall(r"Example: (.+)", help_of(path))
    words, called = shlex.split(example), path.split()
    assert words[: len(called)] == called
    EVERY[path].make_context(path, words[len(called) :])


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_can_answer_in_json(path: str) -> None:
    assert "--json" in help_of(path)


def test_a_wrong_option_is_one_short_message_on_stderr() -> None:
    result = CliRunner().invoke(app, ["runs", "list", "--jsn"])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "--json" in result.stderr
