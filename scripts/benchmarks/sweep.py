"""A sweep of 1000 points in the instrument's engine against point by point, on the same simulated unit.

Both go through labrig's driver. The unit runs in a time of its own, in which integration, delays and the bus
count, and the host's work does not: the figures are the same on every machine. A message costs the bus its
latency either way, and a byte its time on the wire.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from labrig.arrays import Seconds
from labrig.config.instruments import AnySourceMeter
from labrig.instruments.base import Metering, SweepPoints, VoltageSource
from labrig.instruments.opening import meter_behind
from labrig.sim.instruments.analogue import Load
from labrig.sim.instruments.building import MODELS, build_instrument
from labrig.sim.instruments.in_process import InProcessLink, OwnTime

POINTS = 1000


@dataclass(frozen=True)
class Bus:
    """What a message costs beyond its instrument."""

    name: str
    latency: Seconds
    bytes_a_second: float


BUSES = (Bus("LAN", 1e-3, 10e6), Bus("GPIB", 0.5e-3, 300e3), Bus("RS-232, 57600 baud", 1e-3, 5760.0))


class BusLink(InProcessLink):
    """A link on which messages take time."""

    def __init__(self, bus: Bus, unit: str) -> None:
        self.time = OwnTime()
        self.messages = 0
        self._bus = bus
        instrument = build_instrument(unit, [Load(1000.0)], self.time, lambda _: None)
        super().__init__(instrument, self.time)

    def write(self, data: bytes) -> None:
        """Send all of it."""
        self.messages += 1
        self.time.now += self._bus.latency + len(data) / self._bus.bytes_a_second
        super().write(data)

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        """Exactly `count` bytes."""
        return self._taken(super().read_exactly(count, timeout=timeout))

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        """Up to and including the terminator."""
        return self._taken(super().read_until(terminator, timeout=timeout))

    def _taken(self, data: bytes) -> bytes:
        self.time.now += self._bus.latency + len(data) / self._bus.bytes_a_second
        return data


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nplc", type=float, default=0.1, help="integration, in cycles of the power line")
    nplc: float = parser.parse_args().nplc
    title = f"{POINTS} points, {nplc:g} NPLC: messages, and seconds of the instrument's own time"
    table = Table("model", "bus", "engine", "point by point", "faster", title=title)
    for model in MODELS:
        for bus in BUSES:
            engine, single = swept(model, bus, nplc, whole=True), swept(model, bus, nplc, whole=False)
            table.add_row(
                model,
                bus.name,
                f"{engine[0]:5d} {engine[1]:8.1f} s",
                f"{single[0]:5d} {single[1]:8.1f} s",
                f"{single[1] / engine[1]:.1f}x",
            )
    Console(width=110).print(table)
    return 0


def swept(model: str, bus: Bus, nplc: float, *, whole: bool) -> tuple[int, Seconds]:
    """Messages and seconds of a sweep; all points must have been read."""
    link = BusLink(bus, model)
    config: AnySourceMeter = TypeAdapter(AnySourceMeter).validate_python(
        {"kind": model, "link": {"kind": "visa", "resource": "simulated"}}
    )
    meter = meter_behind(config, link, slew=float("inf"))
    least = (config.capabilities.nplc or (nplc, nplc))[0]
    meter.configure(VoltageSource(compliance=1e-2, metering=Metering(nplc=max(nplc, least))))
    meter.enable()
    levels = np.linspace(-1.0, 1.0, POINTS)
    messages, begun = link.messages, link.time.now
    readings = (
        meter.sweep(SweepPoints(levels))
        if whole
        else [meter.source_measure(float(level)) for level in levels]
    )
    cost = link.messages - messages, link.time.now - begun
    meter.make_safe()
    if len(readings) != POINTS:
        msg = f"{model}: {len(readings)} readings of {POINTS} points"
        raise RuntimeError(msg)
    return cost


if __name__ == "__main__":
    sys.exit(main())
