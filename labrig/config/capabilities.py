"""What each model of source-measure unit can do, so that a rig that asks for more is refused as a file."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from labrig.arrays import Amperes, Volts

OffMode: TypeAlias = Literal["normal", "zero", "high-impedance", "guard"]
Terminals: TypeAlias = Literal["front", "rear"]
Keithley2600Model: TypeAlias = Literal[
    "2601B", "2602B", "2604B", "2611B", "2612B", "2614B", "2634B", "2635B", "2636B"
]


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

_LOW = (1e-9, 1e-8)
_MIDDLE = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
_KEITHLEY_2602B = Capabilities(
    title="Keithley 2602B",
    voltages=(0.1, 1.0, 6.0, 40.0),
    currents=(*_MIDDLE, 3.0),
    most_volts=40.4,
    most_amperes=3.03,
    nplc=(0.001, 25.0),
    off_modes=("normal", "zero", "high-impedance"),
    channels=2,
    least_volts=0.01,
    least_amperes=1e-8,
)
_KEITHLEY_2612B = replace(
    _KEITHLEY_2602B,
    title="Keithley 2612B",
    voltages=(0.2, 2.0, 20.0, 200.0),
    currents=(*_MIDDLE, 1.5),
    most_volts=202.0,
    most_amperes=1.515,
    least_volts=0.02,
)
_KEITHLEY_2634B = replace(
    _KEITHLEY_2612B, title="Keithley 2634B", currents=(*_LOW, *_MIDDLE, 1.5), least_amperes=1e-10
)
KEITHLEY_2600: dict[Keithley2600Model, Capabilities] = {
    "2601B": replace(_KEITHLEY_2602B, title="Keithley 2601B", channels=1),
    "2602B": _KEITHLEY_2602B,
    "2604B": replace(_KEITHLEY_2602B, title="Keithley 2604B"),
    "2611B": replace(_KEITHLEY_2612B, title="Keithley 2611B", channels=1),
    "2612B": _KEITHLEY_2612B,
    "2614B": replace(_KEITHLEY_2612B, title="Keithley 2614B"),
    "2634B": _KEITHLEY_2634B,
    "2635B": replace(
        _KEITHLEY_2634B, title="Keithley 2635B", currents=(1e-10, *_LOW, *_MIDDLE, 1.5), channels=1
    ),
    "2636B": replace(_KEITHLEY_2634B, title="Keithley 2636B", currents=(1e-10, *_LOW, *_MIDDLE, 1.5)),
}
"""By model, direct current only. From memory of their public data sheets."""
