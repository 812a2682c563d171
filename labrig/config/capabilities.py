"""What each model of source-measure unit can do, so that a rig that asks for more is refused as a file."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from labrig.arrays import Amperes, Volts

OffMode: TypeAlias = Literal["normal", "zero", "high-impedance", "guard"]
Terminals: TypeAlias = Literal["front", "rear"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Of one model.

    Parameters
    ----------
    voltages, currents
        Nominal ranges for source and measurement, ascending, V and A.
    most_volts, most_amperes
        Highest level, V and A.
    nplc
        Least and most integration time, in power-line cycles; None: it measures nothing by itself.
    off_modes
        What the terminals can be once the output is off.
    terminals
        Which can be chosen; none where the model has but one pair.
    channels
        How many.
    four_wire
        It can sense at the device.
    autozero
        It can be told when to measure its own zero.
    least_volts, least_amperes
        Lowest compliance, V and A; 0 where the manual names none.
    """

    title: str
    voltages: tuple[Volts, ...]
    currents: tuple[Amperes, ...]
    most_volts: Volts
    most_amperes: Amperes
    nplc: tuple[float, float] | None
    off_modes: tuple[OffMode, ...]
    terminals: tuple[Terminals, ...] = ()
    channels: int = 1
    four_wire: bool = True
    autozero: bool = True
    least_volts: Volts = 0.0
    least_amperes: Amperes = 0.0


CAPABILITIES: dict[str, Capabilities] = {
    "keithley2400": Capabilities(
        title="Keithley 2400",
        voltages=(0.2, 2.0, 20.0, 200.0),
        currents=(1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0),
        most_volts=210.0,
        most_amperes=1.05,
        nplc=(0.01, 10.0),
        off_modes=("normal", "zero", "high-impedance", "guard"),
        terminals=("front", "rear"),
        least_volts=2e-4,
        least_amperes=1e-9,
    ),
    "keithley2450": Capabilities(
        title="Keithley 2450",
        voltages=(0.02, 0.2, 2.0, 20.0, 200.0),
        currents=(1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0),
        most_volts=210.0,
        most_amperes=1.05,
        nplc=(0.01, 10.0),
        off_modes=("normal", "zero", "high-impedance", "guard"),
        terminals=("front", "rear"),
        least_volts=0.02,
        least_amperes=1e-9,
    ),
    "keithley2600": Capabilities(
        title="Keithley 2602B",
        voltages=(0.1, 1.0, 6.0, 40.0),
        currents=(1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 3.0),
        most_volts=40.4,
        most_amperes=3.03,
        nplc=(0.001, 25.0),
        off_modes=("normal", "zero", "high-impedance"),
        channels=2,
        least_volts=0.01,
        least_amperes=1e-8,
    ),
    "keysight_b2900": Capabilities(
        title="Keysight B2902A",
        voltages=(0.2, 2.0, 20.0, 200.0),
        currents=(1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 1.5, 3.0),
        most_volts=210.0,
        most_amperes=3.03,
        nplc=(4e-4, 100.0),
        off_modes=("normal", "zero", "high-impedance"),
        channels=2,
        autozero=False,
    ),
    "yokogawa_gs200": Capabilities(
        title="Yokogawa GS200",
        voltages=(0.01, 0.1, 1.0, 10.0, 30.0),
        currents=(1e-3, 1e-2, 0.1, 0.2),
        most_volts=32.0,
        most_amperes=0.2,
        nplc=(1.0, 25.0),
        off_modes=("normal",),
        least_volts=1.0,
        least_amperes=1e-3,
    ),
}
"""By kind. Keithley 2400: Series 2400 User's Manual 2400S-900-01, specifications and section 18. Not verified
against the makers' manuals: the other models, which are from their public data sheets."""
