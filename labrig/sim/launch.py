"""The firmware as a child process: built on first use, given a circuit, ended with the bench.

Its targets are programs with the same options: the firmware compiled for this computer, and the firmware of a
microcontroller on an emulated one.
"""

import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel, FirmwareBoard, Launch, model_mistakes
from labrig.config.faults import Fault, ProcessorFault, ResetAtOpen, processor_faults
from labrig.config.rig import BoardConfig
from labrig.errors import ConfigError, DeviceError, LinkOpenError
from labrig.sim.broken import check_no_processor
from labrig.sim.build import simulation_of
from labrig.sim.circuit_file import circuit_text
from labrig.sim.ports.base import Ending


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


def launch_on(target: str, board: BoardConfig) -> tuple[Launch, BoardModel, str]:
    """A rig's board as firmware on a target: how it is launched, as what, and its serial number.

    Raises
    ------
    ConfigError
        The rig does not describe it, or not as something that this firmware can be.
    """
    model, serial_number = simulation_of(board)
    own = board.launch if isinstance(board, FirmwareBoard) else None
    launch = own if own and own.target == target else Launch.model_validate({"target": target})
    for place, text in model_mistakes(model, launch):
        msg = f"this rig's board cannot be emulated: {'.'.join(map(str, place))}: {text}"
        raise ConfigError(msg)
    return launch, model, serial_number or unnamed(launch, model)


def unnamed(launch: Launch, model: BoardModel) -> str:
    """Serial number of a launched board that the rig does not name: another one for other parts."""
    return f"{'HOST' if launch.target == 'host' else 'AVR'}{model.seed}"


@contextmanager
def launched(
    launch: Launch,
    model: BoardModel,
    topology: Topology,
    serial_number: str,
    state: Path,
    faults: Sequence[Fault] = (),
    *,
    statistics: Path | None = None,
) -> Generator[str]:
    """`running` for this process alone; gives the port that it opened."""
    with tempfile.TemporaryDirectory(prefix="labrig-board-") as folder:
        port = Path(folder, "port")
        with running(launch, model, topology, serial_number, state, port, faults, statistics=statistics):
            yield str(port)


class RunningFirmware:
    """A child process that has opened its port."""

    def __init__(self, process: subprocess.Popen[bytes], output: IO[bytes], resource: str) -> None:
        self._process = process
        self._output = output
        self.resource = resource
        """What a client opens: the path of a terminal, or ``tcp://HOST:PORT``."""

    def wait(self, ending: Ending) -> None:
        """Return when the end has come.

        Raises
        ------
        DeviceError
            The process ended before.
        """
        ready, _, _ = select.select([ending, self._output], [], [])
        if ending in ready:
            return
        said = self._process.communicate()[1].decode(errors="replace").strip() or "it said nothing"
        msg = f"the firmware ended by itself with exit code {self._process.returncode}: {said}"
        raise DeviceError(msg)


@contextmanager
def running(
    launch: Launch,
    model: BoardModel,
    topology: Topology,
    serial_number: str,
    state: Path,
    where: Path | tuple[str, int],
    faults: Sequence[Fault] = (),
    *,
    statistics: Path | None = None,
) -> Generator[RunningFirmware]:
    """Start the firmware on this circuit.

    The process ends when the context is left, and by itself when this process dies (its standard input ends).

    Parameters
    ----------
    state
        Folder in which the board's EEPROM outlives it.
    where
        A link to its terminal, or host and port on which it listens.
    faults
        Those of its branches, its converter and its processor are built in; the line is not its own.
    statistics
        Where an emulated board tells at its end what its models counted.

    Raises
    ------
    ConfigError
        There is no compiled firmware, and no checkout or compiler to make it; or it cannot have such a fault.
    LinkOpenError
        It did not start.
    """
    if launch.target == "host":
        check_no_processor(faults)
    program = find_firmware(launch.target)
    with tempfile.TemporaryDirectory(prefix="labrig-board-") as folder:
        circuit = Path(folder, "circuit.txt")
        circuit.write_text(circuit_text(model, topology, faults), encoding="ascii")
        state.mkdir(parents=True, exist_ok=True)
        kind = "" if launch.target == "host" else f"{launch.target}-"
        eeprom = state / f"eeprom-{kind}{serial_number}"
        options: dict[str, str | Path] = {
            **({"--pty": where} if isinstance(where, Path) else {"--tcp": f"{where[0]}:{where[1]}"}),
            "--serial": serial_number,
            "--eeprom": eeprom,
            "--circuit": circuit,
        }
        if launch.baudrate is not None:
            options["--baud"] = str(launch.baudrate)
        if statistics is not None:
            options["--statistics"] = statistics
        process = subprocess.Popen(
            [
                program,
                "--until-eof",
                *chain.from_iterable(options.items()),
                *(["--paced"] if launch.paced else []),
                *chain.from_iterable(_option(fault) for fault in processor_faults(faults)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is this process's to handle: the board must outlive making safe
        )
        try:
            yield _wait_ready(process)
        finally:
            process.terminate()
            process.communicate()


def _option(fault: ProcessorFault) -> list[str]:
    return [f"--{fault.kind}", *([] if isinstance(fault, ResetAtOpen) else [str(fault.after)])]


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


def _wait_ready(process: subprocess.Popen[bytes]) -> RunningFirmware:
    output = process.stdout
    if output is not None and select.select([output], [], [], _READY_SECONDS)[0]:
        word, _, resource = output.readline().decode(errors="replace").strip().partition(" ")
        if word == "ready":
            return RunningFirmware(process, output, resource)
    process.terminate()
    said = process.communicate()[1].decode(errors="replace").strip()
    msg = f"the firmware did not start: {said or f'it said nothing for {_READY_SECONDS:g} s'}"
    raise LinkOpenError(msg)
