"""Offset and gain of every converter: the whole board at the potential of one driver after another."""

from collections.abc import Callable

import numpy as np

from labrig.arrays import FloatArray
from labrig.bench.bench import Bench
from labrig.calibration.converters import BROKEN, ConverterFits, Potentials, Straight, fit_converters
from labrig.circuit.boundary import Boundary
from labrig.config.calibration import ConverterCalibration, ConvertersCalibration
from labrig.errors import ConfigError

Progress = Callable[[str, int, int], None]
LEVELS = 9
"""Potentials that each driver is set to."""


def read_potentials(bench: Bench, levels: int, reference: int | None, progress: Progress) -> Potentials:
    """One exchange a level, in which each driver in turn holds the board alone.

    Nothing draws a current then, so that all lines have the potential of that driver, whatever the
    conductances are. No branch is written.

    Parameters
    ----------
    levels
        How many, over the range that DAC, ADC and limits have in common; at least 3.
    reference
        Node at which a source meter takes the place of driver and converter; None: volts are those of the
        board's ADC.

    Raises
    ------
    ConfigError
        The board has no converter to calibrate.
    LimitExceeded, LinkError, ProtocolError, DeviceError
    """
    adc, dac = bench.info.adc, bench.info.dac
    if adc is None or dac is None:
        msg = f"board {bench.info.serial_number} reads and drives exactly: it has no converters to calibrate"
        raise ConfigError(msg)
    top = min(adc.span, dac.span, bench.limits.voltage)
    asked = np.linspace(0.05, 0.95, levels) * top
    nodes = [*bench.topology.inputs, *bench.topology.outputs]
    driver = np.tile(np.arange(len(nodes)), levels)
    lines: list[FloatArray] = []
    sources: list[FloatArray] = []
    for k, level in enumerate(asked.tolist()):
        progress("converters", k, levels)
        # Released at the end: no branch ever lies between this level and the next, whatever it conducts.
        scans = bench.scan([*(Boundary({node: level}) for node in nodes), Boundary({})])
        lines.append(scans.volts[:-1])
        sources.append(scans.sources[range(len(nodes)), nodes])
        asked[k] = bench.level(level)
    volts = np.vstack(lines)
    told = np.full(len(volts), np.nan)
    if reference is not None:
        told, volts[:, reference] = volts[:, reference].copy(), np.nan
    return Potentials(driver, asked.repeat(len(nodes)), volts, np.concatenate(sources), told)


def converters_of(found: Potentials, bench: Bench) -> ConvertersCalibration:
    """What a calibration keeps of them."""
    adc = bench.info.adc
    return told(fit_converters(found, 0.0 if adc is None else adc.lsb), bench)


def told(fits: ConverterFits, bench: Bench) -> ConvertersCalibration:
    """The fits by name of node; of a source meter's node no levels are kept: they are not the DAC's."""
    names = bench.topology.nodes
    metered = {names[node]: str(identity) for node, identity in bench.instruments.items()}
    drivers = [names[node] for node in (*bench.topology.inputs, *bench.topology.outputs)]
    return ConvertersCalibration(
        absolute=fits.absolute,
        noise=fits.noise,
        lines=_by_name(fits.lines, list(names)),
        sources=_by_name(fits.sources, drivers),
        levels={name: level for name, level in _by_name(fits.levels, drivers).items() if name not in metered},
        metered=metered,
    )


def _by_name(found: Straight, names: list[str]) -> dict[str, ConverterCalibration]:
    return {
        name: ConverterCalibration(
            offset=float(found.offset[k]),
            gain=float(found.gain[k]),
            covariance=tuple(found.covariances[k][[0, 0, 1], [0, 1, 1]].tolist()),
        )
        for k, name in enumerate(names)
        if abs(found.gain[k]) < BROKEN
    }
