"""The generated files are those of the definition."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = "scripts/generate_protocol"
DEFINITION = "firmware_protocol/protocol.toml"
FILES = ("labrig/wire/definition.py", "firmware_protocol/include/labrig_protocol.h")
PAGE = "firmware_protocol/PROTOCOL.md"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / SCRIPT), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (SCRIPT, DEFINITION, *FILES, PAGE):
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


def test_a_table_that_is_not_current_is_noticed(copy: Path) -> None:
    (copy / PAGE).write_text((copy / PAGE).read_text().replace("0x15", "0x16"))
    outcome = check(copy)
    assert outcome.returncode == 1
    assert outcome.stderr == f"{PAGE} is not current: run {SCRIPT}\n"


def test_a_message_without_a_section_is_refused(copy: Path) -> None:
    edit(copy / DEFINITION, "[messages.nak]", "[messages.new]\ntype = 0x40\ndoc = 'x'\n\n[messages.nak]")
    outcome = check(copy)
    assert outcome.returncode == 1
    assert outcome.stderr.startswith(f"{PAGE}: needs one place for 'message new'")


def test_comments_and_docs_do_not_change_the_fingerprint(copy: Path) -> None:
    edit(copy / DEFINITION, 'doc = "an echo"', 'doc = "the same again"')
    edit(copy / DEFINITION, "[frame]", "# another comment\n[frame]")
    outcome = check(copy)
    assert outcome.stderr == f"{PAGE} is not current: run {SCRIPT}\n"


def test_a_new_field_changes_the_fingerprint_in_both_files(copy: Path) -> None:
    edit(copy / DEFINITION, 'name = "scan_count", type = "u16"', 'name = "scan_count", type = "u8"')
    outcome = check(copy)
    assert outcome.returncode == 1
    assert all(f"{name} is not current" in outcome.stderr for name in FILES)
