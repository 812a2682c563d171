"""Simulated boards from the circuit files of the firmware, served by this process."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labrig.arrays import BranchArray
from labrig.boards.base import BoardInfo, CodeRange, Codes, Converter, Program
from labrig.circuit.network import Nudging
from labrig.circuit.topology import Topology
from labrig.devices.laws import RheostatLaw
from labrig.sim.channels import BadChannels
from labrig.sim.converters import Driver, Reader
from labrig.sim.hardware import Hardware
from labrig.sim.ports.loop import serve
from labrig.sim.ports.opening import open_port
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from labrig.sim.serving.server import BoardServant
from labrig.sim.world import CircuitWorld
from tests.support.firmware import Circuit, Terminals, Wire
from tests.support.memristor_file import Memristors, read_model


@dataclass
class Branches:
    """Rheostats of which some are broken."""

    law: RheostatLaw
    power_up: Codes
    open: list[int]
    short: list[int]
    stuck: dict[int, int]

    @property
    def changing(self) -> bool:
        return False

    def conductances(self, program: Program, index: int) -> BranchArray:
        codes = np.array(program.values, dtype=np.int64)
        codes[list(self.stuck)] = list(self.stuck.values())
        conductances = self.law.conductances(codes)
        conductances[self.open] = 0.0
        conductances[self.short] = 1 / self.law.wiper[self.short]
        return conductances

    def told(self, program: Program) -> Program:
        return program


def read_hardware(text: str, serial_number: str) -> Hardware:
    """What a circuit file describes, at its first start."""
    statements = [line.split() for line in text.splitlines()]
    head = {words[0]: words[1:] for words in statements if words[0] not in {"branch", "fault", "nudge"}}
    nudges = {words[1]: words[2:] for words in statements if words[0] == "nudge"}
    ends = [(int(words[1]), int(words[2])) for words in statements if words[0] == "branch"]
    ohms = np.array([[float(word) for word in words[3:]] for words in statements if words[0] == "branch"])
    faults = [words[1:] for words in statements if words[0] == "fault"]
    inputs, outputs, hidden = map(int, head["lines"])
    bits, lowest, highest, first = map(int, head.get("codes", "0000"))
    adc, dac = (Converter(int(head[name][0]), float(head[name][1])) for name in ("adc", "dac"))
    drive = float(head["drive"][0])
    model = read_model(head["memristors"], head["pulses"]) if "memristors" in head else None
    branches: Branches | Memristors = (
        Memristors(
            model,
            ohms[:, 0],
            stuck=[int(k) for k, kind, *_ in faults if kind == "unwritable"],
            broken=[int(k) for k, kind, *_ in faults if kind == "open"],
        )
        if model
        else Branches(
            RheostatLaw(
                end_to_end=ohms[:, 0],
                wiper=ohms[:, 1],
                steps=int(head["law"][1]),
                lowest=np.full(len(ends), lowest),
                highest=np.full(len(ends), highest),
            ),
            Codes(np.full(len(ends), first)),
            open=[int(k) for k, kind, *_ in faults if kind == "open"],
            short=[int(k) for k, kind, *_ in faults if kind == "short"],
            stuck={int(k): int(code[0]) for k, kind, *code in faults if kind == "stuck"},
        )
    )
    topology = Topology(
        tuple(str(line) for line in range(inputs + outputs + hidden)),
        tuple(ends),
        tuple(range(inputs)),
        tuple(range(inputs, inputs + outputs)),
    )
    info = BoardInfo(
        kind="simulated",
        serial_number=serial_number,
        firmware="in process",
        fingerprint=None,
        inputs=inputs,
        outputs=outputs,
        hidden=hidden,
        branches=len(ends),
        codes=None if model else CodeRange(lowest, highest, bits),
        part=head["part"][0],
        adc=adc,
        dac=dac,
        drive=drive,
        nudging=Nudging(
            toward_target="toward" in nudges,
            through=_through(nudges.get("through")),
            inject="inject" in nudges,
        ),
        heartbeat=None,
        learns="learn" in head,
        pulses=model.range if model else None,
        verifies=model is not None,
    )
    world = CircuitWorld(topology, branches.conductances(branches.power_up, 0))
    reader = Reader(adc, 0.0, 0, BadChannels())
    return Hardware(info, world, branches, reader, reader, Driver(dac, drive), boot_count=1)


def _through(limits: Sequence[str] | None) -> tuple[float, float] | None:
    return None if limits is None else (float(limits[0]), float(limits[1]))


class Stop:
    """Ends a server."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()

    def fileno(self) -> int:
        return self._reader

    def now(self) -> None:
        os.write(self._writer, b"x")

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)


class SimulatedStarter(Terminals):
    """Serves simulated boards in a folder, each by a thread, and ends them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._running = ExitStack()

    def serve(self, hardware: Hardware, listen: str) -> str:
        """The resource to open."""
        stop = Stop()
        self._running.callback(stop.close)
        port = self._running.enter_context(open_port(listen))
        dispatcher = Dispatcher(Device(hardware, time.monotonic))
        thread = threading.Thread(target=serve, args=([BoardServant(port, dispatcher)], stop))
        thread.start()
        self._running.callback(thread.join)
        self._running.callback(stop.now)
        return port.resource

    def tcp(self, circuit: Circuit) -> str:
        """On a TCP port; the resource."""
        return self.serve(read_hardware(circuit.text(), "A7F3"), "tcp://127.0.0.1:0")

    def board(self, circuit: Circuit) -> Wire:
        """On a pseudo-terminal."""
        link = self.folder / "port"
        resource = self.serve(read_hardware(circuit.text(), "A7F3"), f"pty:{link}")
        assert str(link.readlink()) == resource
        return Wire(self.open(str(link)), circuit)

    def close(self) -> None:
        """End everything."""
        self.hang_up()
        self._running.close()
