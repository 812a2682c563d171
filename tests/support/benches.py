"""Benches on boards in this process, spoken to in frames."""

import dataclasses
from collections.abc import Callable
from typing import Any

from labrig.bench.assembly import assemble
from labrig.bench.bench import Bench
from labrig.boards.wired import WiredBoard, open_wired
from labrig.circuit.build import build_topology
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.config.rig import RigConfig
from labrig.sim.build import build_hardware, simulation_of
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from tests.support.links import ServedLink

BOARD: dict[str, Any] = {
    "kind": "simulated",
    "elements": {"kind": "digipot", "part": "MCP4351-104"},
    "adc": {"bits": 16, "span": "5 V"},
    "dac": {"bits": 16, "span": "5 V"},
    "seed": 5,
}


def rig(inputs: int = 2, outputs: int = 2, board: dict[str, Any] | None = None, **others: Any) -> RigConfig:
    """A crossbar of potentiometers."""
    network = {"kind": "crossbar", "inputs": inputs, "outputs": outputs}
    return RigConfig.model_validate({"network": network, "board": {**BOARD, **(board or {})}, **others})


def serve(
    model: BoardModel, topology: Topology, boot_count: int = 1, clock: Callable[[], float] = lambda: 0.0
) -> Dispatcher:
    """A simulated board that speaks the protocol; its clock stands still where nobody gives it one."""
    chips = dataclasses.replace(build_hardware(model, topology), boot_count=boot_count)
    return Dispatcher(Device(chips, clock))


def bench_on(config: RigConfig) -> tuple[Bench, WiredBoard, ServedLink]:
    """A bench, its board and the link in between; the caller closes the board."""
    topology = build_topology(config.network)
    link = ServedLink(serve(simulation_of(config.board)[0], topology))
    board = open_wired(link)
    return assemble(config, board, topology), board, link
