"""Everything that a Keithley 2400 remembers, as ``*RST`` leaves it (section 18, command tables)."""

from dataclasses import dataclass, field

from labrig.sim.instruments.analogue import Quantity

V, A = Quantity.VOLTAGE, Quantity.CURRENT


@dataclass(slots=True)
class SourceSettings:
    """Of one function of the source."""

    level: float = 0.0
    range: float = 20.0
    automatic: bool = True
    mode: str = "FIXed"
    start: float = 0.0
    stop: float = 0.0
    levels: list[float] = field(default_factory=list[float])


@dataclass(slots=True)
class SenseSettings:
    """Of one function of the meter."""

    range: float
    limit: float
    automatic: bool = True


@dataclass(slots=True)
class State:
    """Of the whole instrument but its status, buffer and clock."""

    function: Quantity = V
    source: dict[Quantity, SourceSettings] = field(
        default_factory=lambda: {V: SourceSettings(), A: SourceSettings(range=1e-4)}
    )
    sense: dict[Quantity, SenseSettings] = field(
        default_factory=lambda: {V: SenseSettings(20.0, 21.0), A: SenseSettings(1e-4, 1.05e-4)}
    )
    measured: set[str] = field(default_factory=lambda: {"CURR"})
    concurrent: bool = True
    nplc: float = 1.0
    on: bool = False
    off_mode: str = "NORMal"
    turns_off: bool = False
    """``:SOURce:CLEar:AUTO``: the output is on only while it measures."""
    delay: float = 0.0
    delay_automatic: bool = True
    four_wire: bool = False
    guard: str = "CABLe"
    autozero: str = "ON"
    terminals: str = "FRONt"
    line_frequency: float = 50.0
    line_automatic: bool = True
    points: int = 2500
    """Of a staircase."""
    spacing: str = "LINear"
    ranging: str = "BEST"
    direction: str = "UP"
    triggers: int = 1
    arms: int = 1
    trigger_delay: float = 0.0
    trigger_source: str = "IMMediate"
    arm_source: str = "IMMediate"
    elements: tuple[str, ...] = ("VOLTage", "CURRent", "RESistance", "TIME", "STATus")
    averaging: bool = False
    averages: int = 10
    filter: str = "REPeat"
    display: bool = True
    digits: int = 6
    beeper: bool = True
