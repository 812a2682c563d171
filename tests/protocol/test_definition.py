"""The generated files are those of the definition."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = "scripts/generate_protocol"
FILES = ("labrig/wire/definition.py", "firmware_protocol/include/labrig_protocol.h")


def check(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / SCRIPT), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (SCRIPT, "firmware_protocol/protocol.toml", *FILES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_committed_files_are_current() -> None:
    outcome = check(ROOT)
    assert (outcome.returncode, outcome.stderr) == (0, "")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_current_is_named_with_the_command_that_writes_it(copy: Path, name: str) -> None:
    (copy / name).write_text((copy / name).read_text() + "\n")
    outcome = check(copy)
    assert outcome.returncode == 1
    assert outcome.stderr == f"{name} is not current: run {SCRIPT}\n"


def test_a_comment_does_not_change_the_fingerprint(copy: Path) -> None:
    definition = copy / "firmware_protocol/protocol.toml"
    definition.write_text("# another comment\n" + definition.read_text())
    assert check(copy).returncode == 0


def test_a_new_field_changes_the_fingerprint_in_both_files(copy: Path) -> None:
    definition = copy / "firmware_protocol/protocol.toml"
    text = definition.read_text().replace(
        '{ name = "averages", type = "u8" }', '{ name = "averages", type = "u16" }'
    )
    definition.write_text(text)
    outcome = check(copy)
    assert outcome.returncode == 1
    assert all(f"{name} is not current" in outcome.stderr for name in FILES)
