"""Boards: simulated in process, or firmware behind a link or launched; other kinds come from plug-ins."""

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from labrig.config.environment import EnvironmentConfig
from labrig.config.links import LinkConfig, SerialLink
from labrig.config.model import Model, Place, mistakes
from labrig.config.quantities import (
    Bits,
    Count,
    Flag,
    LargestTempco,
    LargestVoltsAKelvin,
    NoiseSiemens,
    NoiseVolts,
    PositiveVolts,
    Seconds,
    Seed,
    SeriesOhms,
    Taps,
    Tempco,
    Text,
    Tolerance,
)
from labrig.units import format_quantity


class IdealElements(Model):
    """Continuous conductances."""

    kind: Literal["ideal"] = "ideal"
    tolerance: Tolerance = 0.0
    """Each branch's true conductance is off by a factor drawn within this, unknown to the host."""
    tempco: Tempco = 0.0
    """Relative change of every resistance, where the board has an environment."""


class DigipotVices(Model):
    """How real potentiometers differ from their law. What is null is as the part's datasheet has it."""

    matching: Tolerance | None = None
    """R_AB of a channel against its package: wipers are of one package in groups of the part's channels."""
    wiper_spread: Tolerance | None = None
    """Of the wiper resistance, branch by branch."""
    wiper_bow: Tolerance = 0.0
    """By how much the wiper resistance is higher half-way between the rails; 0: it is the same everywhere."""
    nonlinearity: Taps | None = None
    """R-INL, of dividers P-INL, as it typically is at its largest: what the mismatch of a string's steps adds
    up to, in taps."""
    tempco: Tempco | None = None
    """Relative change of R_AB, where the board has an environment."""
    tracking: LargestTempco = 0.0
    """Largest difference of a branch from that, drawn branch by branch."""
    ratio_tempco: LargestTempco | None = None
    """Of dividers alone: largest relative change of the wiper's share at mid-scale, drawn one by one."""


class DigipotElements(Model):
    """Digital potentiometers, as rheostats of two terminals or as dividers with all three."""

    kind: Literal["digipot"] = "digipot"
    part: Text
    """A part preset, such as ``MCP4351-104``."""
    arrangement: Literal["rheostat", "divider"] = "rheostat"
    """divider: A on an even row of a crossbar, B on the odd one after it, the wiper on the column."""
    tolerance: Tolerance | None = None
    """Of the end-to-end resistance, drawn branch by branch; null: the part's own."""
    vices: DigipotVices | None = None
    """Beyond that tolerance; null: none, the law of the part is exact."""

    @model_validator(mode="after")
    def _rheostats_have_no_share(self) -> "DigipotElements":
        if self.arrangement == "rheostat" and self.vices and self.vices.ratio_tempco is not None:
            text = (
                "found beside rheostats, which part no voltage; leave it out, or let arrangement be divider"
            )
            raise mistakes("DigipotElements", [(("vices", "ratio_tempco"), text)])
        return self


class MemristorVices(Model):
    """How memristors differ from their nominal law. What is null is as the part's preset has it."""

    cycle_spread: Tolerance | None = None
    """Of the effect of one pulse; standard deviation, as all spreads here."""
    device_spread: Tolerance | None = None
    """Of the rates, branch by branch."""
    threshold_spread: Tolerance | None = None
    """Of the thresholds, branch by branch."""
    range_spread: Tolerance | None = None
    """Of the ends of the conductance, branch by branch."""
    read_noise: NoiseSiemens | None = None
    """From one exchange to the next."""
    relaxation: Tolerance | None = None
    """Of the conductance, that it is off by a while after a pulse."""
    drift: Tolerance | None = None
    """ν of (1 + t / 1 s)^-ν."""


class MemristorElements(Model):
    """Memristors, which pulses move."""

    kind: Literal["memristor"] = "memristor"
    part: Text
    """A preset of a class of devices, such as ``CMO-HFOX``."""
    formed: Flag = True
    """false: pristine, almost open until they are formed; see ``labrig form``."""
    vices: MemristorVices = MemristorVices()
    exchange: Seconds = 0.0
    """Time that relaxation and drift take an exchange for."""


ElementsConfig: TypeAlias = Annotated[
    IdealElements | DigipotElements | MemristorElements, Field(discriminator="kind")
]


class AdcConfig(Model):
    """The converter that reads the nodes."""

    bits: Bits
    span: PositiveVolts
    noise: NoiseVolts = 0.0
    """Standard deviation of one reading."""
    offset: NoiseVolts = 0.0
    """Largest, drawn line by line."""
    gain: Tolerance = 0.0
    """Largest relative error, drawn line by line."""
    nonlinearity: Taps = 0.0
    """INL, largest, in steps, drawn line by line: a bow that is nothing at both ends of the span."""
    offset_drift: LargestVoltsAKelvin = 0.0
    """Largest, either way, drawn line by line; it takes an environment."""
    gain_drift: LargestTempco = 0.0
    """Likewise."""


class DacConfig(Model):
    """The converter that drives the nodes."""

    bits: Bits
    span: PositiveVolts
    offset: NoiseVolts = 0.0
    """Largest, drawn line by line."""
    gain: Tolerance = 0.0
    """Largest relative error, drawn line by line."""
    nonlinearity: Taps = 0.0
    """INL, largest, in steps, drawn line by line: a bow that is nothing at both ends of the span."""
    offset_drift: LargestVoltsAKelvin = 0.0
    """Largest, either way, drawn line by line; it takes an environment."""
    gain_drift: LargestTempco = 0.0
    """Likewise."""


class WireConfig(Model):
    """One line of a crossbar."""

    end: SeriesOhms = 0.0
    """From where it is read to its first branch: trace, connector, switch."""
    segment: SeriesOhms = 0.0
    """From each branch to the next."""


class WiresConfig(Model):
    """Resistance of a crossbar's lines: rows are read at their left end, columns at their lower end."""

    rows: WireConfig = WireConfig()
    columns: WireConfig = WireConfig()
    spread: Tolerance = 0.0
    """Of each line from what is written here, drawn by the seed."""


class NudgeConfig(Model):
    """Which nudges a simulated board says it can carry out by itself."""

    toward: Flag = True
    """Toward a target, from the board's own reading."""
    through: Flag = True
    """Through a conductance to a source."""
    inject: Flag = True
    """By a current."""


class BoardModel(Model):
    """What a simulation builds: elements, converters and drive resistors."""

    elements: ElementsConfig
    adc: AdcConfig | None = None
    """null: readings are exact."""
    dac: DacConfig | None = None
    """null: voltages are imposed exactly."""
    drive: SeriesOhms = 0.0
    """Resistor between each driver and its line."""
    drive_tolerance: Tolerance = 0.0
    """Of each of these from what is stated, drawn by the seed."""
    wires: WiresConfig | None = None
    """null: the lines have no resistance; only those of a crossbar may."""
    nudge: NudgeConfig = NudgeConfig()
    environment: EnvironmentConfig | None = None
    """null: always 25 °C, and the board has no thermometer."""
    seed: Seed = 0
    """Draws the spread of the elements and the noise."""

    @property
    def dividers(self) -> bool:
        """Whether two branches share a potentiometer."""
        return isinstance(self.elements, DigipotElements) and self.elements.arrangement == "divider"

    @model_validator(mode="after")
    def _dividers_have_no_wires(self) -> "BoardModel":
        if self.dividers and self.wires is not None:
            text = "found beside dividers, whose lines have no resistance in simulation; leave it out"
            raise mistakes("BoardModel", [(("wires",), text)])
        return self

    @model_validator(mode="after")
    def _memristors_have_no_more(self) -> "BoardModel":
        if isinstance(self.elements, MemristorElements):
            known = (("wires", self.wires), ("environment", self.environment))
            found: list[tuple[Place, str]] = [
                ((name,), "found beside memristors, of which a simulation does not know it; leave it out")
                for name, value in known
                if value is not None
            ]
            if found:
                raise mistakes("BoardModel", found)
        return self


class SimulatedBoard(BoardModel):
    """A board in this process."""

    kind: Literal["simulated"] = "simulated"
    settle: Seconds = 0.0
    averages: Annotated[Count, Field(le=255)] = 1


MEMRISTOR_BAUDRATE = 115_200
"""Most that the portable firmware of the microcontroller was seen to keep up with."""


class Launch(Model):
    """Firmware that labrig builds and starts by itself."""

    target: Literal["host", "atmega2560"] = "host"
    """The firmware as a program of this computer, or on an emulated microcontroller with its parts."""
    baudrate: Annotated[Count, Field(ge=1200, le=2_000_000)] | None = None
    """Of the emulated microcontroller's line; null: 1 Mbaud, and 115200 where it has memristors."""
    paced: Flag = False
    """The emulated microcontroller takes the time that a real one takes, where this computer is fast enough;
    false: as long as it takes to emulate."""


class FirmwareBoard(Model):
    """A board that speaks the wire protocol."""

    kind: Literal["firmware"] = "firmware"
    link: LinkConfig | None = None
    """null: found by its serial number."""
    launch: Launch | None = None
    """Instead of a link: start the compiled firmware on this rig's circuit."""
    serial_number: Text | None = None
    settle: Seconds = 0.0
    """Wait between imposing a boundary and reading it."""
    averages: Annotated[Count, Field(le=255)] = 1
    """Readings that are averaged."""
    model: BoardModel | None = None
    """What a launch and ``--simulate`` build."""

    @model_validator(mode="after")
    def _reachable(self) -> "FirmwareBoard":
        found = list(_launch_mistakes(self, self.launch)) if self.launch else []
        if self.launch is None and self.model is not None:
            found.extend((("model", *place), text) for place, text in _divider_mistakes(self.model))
        if not (self.link or self.launch or self.serial_number):
            found.append(
                ((), "found none of link, launch and serial_number; the board is found by one of them")
            )
        if isinstance(self.link, SerialLink) and self.link.several and self.serial_number is None:
            found.append(
                (("serial_number",), f"missing; link.port {self.link.port} matches several: it says which")
            )
        if found:
            raise mistakes("FirmwareBoard", found)
        return self


_EMULATED_BITS = (12, 16)


def _launch_mistakes(board: FirmwareBoard, launch: Launch) -> Iterator[tuple[Place, str]]:
    if board.link:
        yield ("link",), "found beside launch, which makes its own; leave one of the two out"
    if launch.target == "host" and launch.baudrate is not None:
        yield ("launch", "baudrate"), f"found {launch.baudrate}; target host has no line, leave it out"
    if launch.target == "host" and launch.paced:
        yield ("launch", "paced"), "found true; target host is a program of this computer, leave it out"
    if board.model is None:
        yield ("model",), "missing; a launch needs it to know which circuit to build"
    else:
        yield from ((("model", *place), text) for place, text in model_mistakes(board.model, launch))


def model_mistakes(model: BoardModel, launch: Launch) -> Iterator[tuple[Place, str]]:
    """What launched firmware cannot be of this model: each place in it, with what is found there."""
    yield from _divider_mistakes(model)
    if model.elements.kind not in ("digipot", "memristor"):
        text = f"found {model.elements.kind!r}; the launched firmware drives 'digipot' or 'memristor'"
        yield ("elements", "kind"), text
    elif isinstance(model.elements, MemristorElements) and not model.elements.formed:
        yield (
            ("elements", "formed"),
            "found false; memristors of the launched firmware are formed: leave it out",
        )
    elif isinstance(model.elements, MemristorElements) and (launch.baudrate or 0) > MEMRISTOR_BAUDRATE:
        text = (
            f"found memristors on a line of {launch.baudrate} baud; their firmware takes {MEMRISTOR_BAUDRATE}"
        )
        yield ("elements", "kind"), text
    for name, converter in (("adc", model.adc), ("dac", model.dac)):
        if converter is None:
            yield (name,), f"missing; the launched firmware has a real {name.upper()}"
        elif launch.target == "atmega2560" and converter.bits not in _EMULATED_BITS:
            text = f"found {converter.bits}; the emulated microcontroller has converters of 12 or 16 bits"
            yield (name, "bits"), text
    yield from _only_simulated(model)
    if model.adc and model.adc.noise > 0:
        text = f"found {format_quantity(model.adc.noise, 'V')}; the launched firmware reads without noise"
        yield ("adc", "noise"), text


def _divider_mistakes(model: BoardModel) -> Iterator[tuple[Place, str]]:
    if model.dividers:
        text = "found divider; firmware drives rheostats only: let the board be of kind simulated"
        yield ("elements", "arrangement"), text


def _only_simulated(model: BoardModel) -> Iterator[tuple[Place, str]]:
    vices = model.elements.vices if isinstance(model.elements, DigipotElements) else None
    if vices is not None and vices.wiper_bow > 0:
        text = "found; wipers of the launched firmware are the same at any voltage: simulate the board"
        yield ("elements", "vices", "wiper_bow"), text
    if model.wires is not None:
        yield (
            ("wires",),
            "found; lines of the launched firmware's circuit have no resistance: simulate the board",
        )
    if model.environment is not None:
        text = "found beside launch; the launched firmware has parts that stay as they are: leave it out"
        yield ("environment",), text
