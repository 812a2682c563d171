"""What README shows is what happens."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECONDS = 240


def blocks(language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def dialogues(transcript: str) -> Iterator[tuple[str, str]]:
    """Commands of a transcript, each with what it prints."""
    for part in re.split(r"^\$ ", transcript, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def pattern(printed: str) -> re.Pattern[str]:
    """What is shown, with any text for … and any spaces for a space."""
    words = [re.escape(word).replace("…", ".*") for word in printed.split()]
    return re.compile(r"\s+".join(words), re.DOTALL)


def run(command: list[str], runs: Path) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "LABRIG_RUNS": str(runs), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.replace(str(runs), "runs")


@pytest.mark.timeout(2 * SECONDS)
def test_the_transcript_is_what_the_commands_print(tmp_path: Path) -> None:
    (transcript,) = blocks("console")
    found = list(dialogues(transcript))
    assert len(found) == 4
    for command, printed in found:
        program, *arguments = shlex.split(command)
        assert program == "labrig"
        said = run([sys.executable, "-m", "labrig", *arguments], tmp_path / "runs")
        assert pattern(printed).fullmatch(said.strip()), f"{command}\n{said}"


def test_the_python_example_runs_and_converges(tmp_path: Path) -> None:
    (example,) = blocks("python")
    said = run([sys.executable, "-W", "error", "-c", example], tmp_path / "runs").splitlines()
    reachable, *errors, end = said
    assert reachable == "True"
    assert [line.split()[0] for line in errors] == ["0", "30", "60", "90"]
    assert float(errors[-1].split()[1]) < 1e-4 < float(errors[0].split()[1])
    outcome, unit, smallest = end.split()
    assert (outcome, unit) == ("converged", "V")
    assert float(smallest) >= 0.1


def test_every_command_of_the_table_exists() -> None:
    rows = re.findall(r"^\| `labrig ([^`]*)` \|", README, re.MULTILINE)
    assert len(rows) >= 7
    for row in rows:
        words = [word for word in row.replace("\\|", "|").split() if re.fullmatch(r"[a-z|]+", word)]
        group, *names = words
        for name in names[0].split("|") if names else [""]:
            help_of = [sys.executable, "-m", "labrig", group, *([name] if name else []), "--help"]
            done = subprocess.run(help_of, capture_output=True, text=True, check=False, timeout=SECONDS)
            assert done.returncode == 0, f"{help_of}: {done.stderr}"


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"(?:configs|scripts|tests|firmware_protocol)/[\w./-]*[\w/]", README))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
