"""The firmware as a child process: built on first use, given a circuit, ended with the bench.

Its targets are programs with the same options: the firmware compiled for this computer, and the firmware of a
microcontroller on an emulated one.
"""

import os
import selectors
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel, Launch
from labrig.errors import ConfigError, LinkOpenError
from labrig.sim.circuit_file import circuit_text


@dataclass(frozen=True, slots=True)
class _Target:
    program: str
    """Below ``firmware_protocol/build``."""
    needs: tuple[str, ...]
    """Commands without which it cannot be made."""
    packages: str
    """Debian packages that have them."""

    @property
    def name(self) -> str:
        return Path(self.program).name


_TARGETS = {
    "host": _Target("host/labrig-board-host", ("make", "cc"), "make gcc"),
    "atmega2560": _Target(
        "atmega2560/labrig-board-atmega2560",
        ("make", "cc", "avr-gcc", "simavr"),
        "make gcc gcc-avr avr-libc binutils-avr simavr libsimavr-dev libelf-dev",
    ),
}
_READY_SECONDS = 10.0


@contextmanager
def launched(
    launch: Launch, model: BoardModel, topology: Topology, serial_number: str, state: Path
) -> Generator[str]:
    """Start the firmware on this circuit; gives the port that it opened.

    The process ends when the context is left, and by itself when this process dies (its standard input ends).

    Parameters
    ----------
    state
        Folder in which the board's EEPROM outlives it.

    Raises
    ------
    ConfigError
        There is no compiled firmware, and no checkout or compiler to make it.
    LinkOpenError
        It did not start.
    """
    program = find_firmware(launch.target)
    with tempfile.TemporaryDirectory(prefix="labrig-board-") as folder:
        circuit = Path(folder, "circuit.txt")
        circuit.write_text(circuit_text(model, topology), encoding="ascii")
        port = Path(folder, "port")
        state.mkdir(parents=True, exist_ok=True)
        kind = "" if launch.target == "host" else f"{launch.target}-"
        eeprom = state / f"eeprom-{kind}{serial_number}"
        options: dict[str, str | Path] = {
            "--pty": port,
            "--serial": serial_number,
            "--eeprom": eeprom,
            "--circuit": circuit,
        }
        if launch.baudrate is not None:
            options["--baud"] = str(launch.baudrate)
        process = subprocess.Popen(
            [program, "--until-eof", *chain.from_iterable(options.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is this process's to handle: the board must outlive making safe
        )
        try:
            _wait_ready(process)
            yield str(port)
        finally:
            process.terminate()
            process.communicate()


def find_firmware(target: str = "host") -> Path:
    """A program that runs the firmware: ``LABRIG_FIRMWARE``, else this checkout's, made where needed.

    Raises
    ------
    ConfigError
        With the one line that helps.
    """
    wanted = _TARGETS[target]
    given = os.environ.get("LABRIG_FIRMWARE")
    if given:
        if not os.access(given, os.X_OK) or not Path(given).is_file():
            msg = (
                f"LABRIG_FIRMWARE: found {given!r}, which is no program that can be run; unset it or name one"
            )
            raise ConfigError(msg)
        return Path(given)
    sources = Path(__file__).parents[2] / "firmware_protocol"
    if not (sources / "Makefile").is_file():
        msg = (
            "board.launch: this installation of labrig has no firmware sources; set LABRIG_FIRMWARE to a"
            f" {wanted.name} or install labrig from a checkout with: pip install -e ."
        )
        raise ConfigError(msg)
    missing = [command for command in wanted.needs if not shutil.which(command)]
    if missing:
        msg = (
            f"board.launch: the firmware for {target} needs {' and '.join(missing)};"
            f" install with: sudo apt-get install -y {wanted.packages}"
        )
        raise ConfigError(msg)
    made = subprocess.run(
        ["make", "--silent", "-C", str(sources), target], capture_output=True, text=True, check=False
    )
    if made.returncode:
        said = made.stderr.strip()[-400:]
        msg = f"board.launch: the firmware does not build; `make -C firmware_protocol {target}` says: {said}"
        raise ConfigError(msg)
    return sources / "build" / wanted.program


def _wait_ready(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if selector.select(_READY_SECONDS) and process.stdout.readline().startswith(b"ready "):
                return
    process.terminate()
    said = process.communicate()[1].decode(errors="replace").strip()
    msg = f"the launched firmware did not start within {_READY_SECONDS:g} s: {said or 'it said nothing'}"
    raise LinkOpenError(msg)
