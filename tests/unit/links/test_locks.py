"""One holder a port, named to the second; a dead holder holds nothing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labrig.errors import LinkOpenError
from labrig.links.locks import PortLock, processes_using, resolve

HOLD = """
import sys, time
from labrig.links.locks import PortLock
lock = PortLock(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder() -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, "socket://bench:5000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_another_process_is_named_with_its_command(holder: "subprocess.Popen[str]") -> None:
    with pytest.raises(LinkOpenError, match=rf"in use by process {holder.pid} \(.*socket://bench:5000\)"):
        PortLock("socket://bench:5000")
    holder.kill()
    holder.communicate()


def test_a_process_that_was_killed_holds_nothing(holder: "subprocess.Popen[str]") -> None:
    with pytest.raises(LinkOpenError):
        PortLock("socket://bench:5000")
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    PortLock("socket://bench:5000").release()


def test_an_unreadable_note_of_the_holder_still_refuses(state: Path) -> None:
    lock = PortLock("/dev/ttyX")
    (note,) = (state / "labrig").glob("*.json")
    note.write_text("{")
    with pytest.raises(LinkOpenError, match="in use by another labrig process"):
        PortLock("/dev/ttyX")
    lock.release()
    lock.release()
    PortLock("/dev/ttyX").release()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/dev/ttyX", "ASRL/dev/ttyX::INSTR"),
        ("/dev/ttyX", "spy:///dev/ttyX?file=log"),
        ("socket://bench:5000", "TCPIP0::bench::5000::SOCKET"),
        ("socket://bench:5000", "socket://bench:5000/?logging=debug"),
    ],
)
def test_two_names_of_one_port_are_one_port(one: str, other: str) -> None:
    assert resolve(one) == resolve(other)


def test_two_ports_are_two() -> None:
    first = PortLock("socket://bench:5000")
    second = PortLock("socket://bench:5001")
    for held in ("socket://bench:5000", "socket://bench:5001"):
        with pytest.raises(LinkOpenError):
            PortLock(held)
    second.release()
    first.release()


def test_programs_that_use_a_device_are_found_in_proc(tmp_path: Path) -> None:
    device = tmp_path / "device"
    device.touch()
    command = [
        sys.executable,
        "-c",
        "import sys; f = open(sys.argv[1]); print('open', flush=True); input()",
        str(device),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert [entry.split()[0] for entry in processes_using(str(device))] == [str(process.pid)]
        process.communicate("\n")
