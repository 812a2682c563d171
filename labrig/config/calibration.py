"""A calibration: what was found out about one board, with uncertainties, when and how."""

from collections.abc import Sequence
from hashlib import sha256
from json import dumps
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from labrig.config.model import Model, mistake, mistakes
from labrig.config.quantities import Count, Flag, Text

_Format: TypeAlias = Literal["labrig-calibration 1"]
FORMAT: _Format = "labrig-calibration 1"


def _numbers(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return tuple(float(word) for word in value.split())
    except ValueError:
        raise mistake(f"found {value!r}; write numbers with spaces between them") from None


def _text(values: Sequence[float]) -> str:
    return " ".join(repr(float(value)) for value in values)


Numbers: TypeAlias = Annotated[
    tuple[float, ...],
    BeforeValidator(_numbers),
    PlainSerializer(_text),
    Field(json_schema_extra={"type": "string"}),
]
"""Several numbers; in a file one text of them with spaces between, NaN where there is none."""
Verdict: TypeAlias = Literal["sound", "open", "short", "stuck", "non-monotone", "noisy"]
Positive: TypeAlias = Annotated[float, Field(gt=0)]


class _Table(Model):
    """Numbers that may be NaN: what was not measured."""

    model_config = ConfigDict(allow_inf_nan=True)


class ConverterCalibration(_Table):
    """A converter of one line: what comes of V is offset + (1 + gain) V."""

    offset: float
    """V."""
    gain: float
    """Relative error."""
    covariance: Numbers
    """Variance of the offset (V^2), covariance (V), variance of the gain."""


class ConvertersCalibration(Model):
    """The converters of a board, node by node."""

    absolute: Flag
    """Referred to an instrument; false: to the mean of all lines of the board's own ADC."""
    noise: Annotated[float, Field(ge=0)]
    """Standard deviation of one reading, V, as the rig averaged it."""
    lines: dict[str, ConverterCalibration]
    """The ADC on the lines."""
    sources: dict[str, ConverterCalibration]
    """The ADC on the DAC side of the drive resistors."""
    levels: dict[str, ConverterCalibration]
    """The DACs."""
    metered: dict[str, Text] = Field(default_factory=dict[str, str])
    """Nodes at which a source meter was in the place of driver and converter, and which: of the board's own
    nothing is known there."""


class BranchCalibration(_Table):
    """A branch: R = wiper + end_to_end code / steps + residual."""

    verdict: Verdict
    wiper: float
    """R_W, ohm; of a branch that does not move what it has, 0 of an open one."""
    end_to_end: float
    """R_AB, ohm."""
    covariance: Numbers
    """Variance of R_W, covariance, variance of R_AB; ohm^2."""
    residuals: Numbers
    """At each of the codes, ohm."""
    uncertainties: Numbers
    """Standard uncertainty of the resistance measured at each of the codes, ohm."""


class WipersCalibration(Model):
    """Code to conductance, branch by branch."""

    codes: tuple[Annotated[int, Field(ge=0)], ...]
    """That were measured, ascending."""
    steps: Count
    """Code steps over R_AB."""
    mismatch: Annotated[float, Field(ge=0)]
    """Standard deviation of one step of the resistor strings over a mean step."""
    scales: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict[str, float])
    """Output by output, relative standard uncertainty of a factor that all resistances there have in common:
    a part of their `uncertainties`, the rest of which is each one's own."""
    branches: dict[str, BranchCalibration]

    @model_validator(mode="after")
    def _of_one_length(self) -> "WipersCalibration":
        found = [
            (("branches", name, key), f"found {len(values)} numbers for {len(self.codes)} codes")
            for name, branch in self.branches.items()
            for key, values in (("residuals", branch.residuals), ("uncertainties", branch.uncertainties))
            if len(values) != len(self.codes)
        ]
        if found:
            raise mistakes("WipersCalibration", found)
        return self


class WireCalibration(_Table):
    """A row or column."""

    end: float
    """Ohm, from where it is read to its first branch; of lumped lines all there is."""
    end_uncertainty: float
    """Standard, ohm."""
    segment: float
    """Ohm, from each branch to the next; 0 of lumped lines."""
    segment_uncertainty: float
    """Standard, ohm."""


class WiresCalibration(Model):
    """The lines of a crossbar, node by node."""

    kind: Literal["lumped", "full"]
    """lumped: each line has one resistance at its end. full: also from branch to branch, where all rows are
    alike and all columns."""
    misfit: Annotated[float, Field(ge=0)]
    """What the readings are off, over their noise: well above 1 where lines are not as their kind has it."""
    lines: dict[str, WireCalibration]


class PaceCalibration(Model):
    """How long the board takes over an exchange, its line included, as it settled and averaged."""

    settle: Annotated[float, Field(ge=0)]
    """Wait before each state, s."""
    averages: Count
    """Readings that were averaged."""
    exchange: Annotated[float, Field(ge=0)]
    """Of an exchange, s, beside what follows."""
    state: Annotated[float, Field(ge=0)]
    """Of each state, s."""
    sensed: Annotated[float, Field(ge=0)]
    """Of each state in which the driver side is read as well, s."""
    code: Annotated[float, Field(ge=0)]
    """Of each code that is sent, s."""
    payload: Count | None
    """Bytes that a frame carries; null: the board has no line."""

    def seconds(self, states: int, codes: int, settle: float, *, sensed: bool) -> float:
        """Of an exchange, s."""
        each = max((self.sensed if sensed else self.state) - self.settle, 0.0) + settle
        return self.exchange + states * each + codes * self.code


class DriveCalibration(_Table):
    """The resistor between a driver and its line."""

    ohm: float
    uncertainty: float
    """Standard, ohm, beside what all of them have in common."""


class DrivesCalibration(Model):
    """Drive resistors, by which all currents are read, node by node."""

    rests_on: Literal["stated resistances", "resistor", "source meter"]
    """What tells the scale of all resistances in the file. stated resistances: the mean conductance of the
    drive resistors is taken to be that of what the board states."""
    standard: Text | None
    """Which resistor, or the source meter with its serial number; null: neither."""
    scale_uncertainty: Annotated[float, Field(ge=0)] | None
    """Standard, relative, that all resistances have in common; it is within those of the branches as well.
    null: it is not known."""
    lines: dict[str, DriveCalibration]


class RawData(Model):
    """Everything that was read, in a file beside the calibration."""

    file: Text
    sha256: Text


class Calibration(Model):
    """What was found out about one board."""

    format: _Format
    made: AwareDatetime
    """Date and time with its offset from UTC."""
    board: Text
    """Serial number."""
    part: Text
    wiring: Text
    """SHA-256 of which line each node has, and which wiper each branch."""
    temperature_celsius: float | None
    """Of the board while it was measured; null: it does not tell."""
    labrig: Text
    """Version that measured."""
    method: dict[str, Any]
    """How it was measured: options, counts, instruments."""
    valid_days: Positive
    """Age at which it expires."""
    valid_within_kelvin: Positive
    """Distance from `temperature_celsius` at which it does not hold."""
    raw: RawData | None = None
    converters: ConvertersCalibration | None = None
    wipers: WipersCalibration | None = None
    wires: WiresCalibration | None = None
    pace: PaceCalibration | None = None
    drives: DrivesCalibration | None = None
    sha256: Text
    """Of all the rest."""

    @model_validator(mode="after")
    def _is_whole(self) -> "Calibration":
        if self.sha256 != (found := fingerprint(self)):
            text = (
                f"found {self.sha256}, but the content gives {found}; it was changed by hand: calibrate again"
            )
            raise mistakes("Calibration", [(("sha256",), text)])
        return self


def fingerprint(calibration: Calibration) -> str:
    """SHA-256 of the content, whatever the layout of the file; older files, which lack some parts, hold."""
    later = {name for name in ("pace", "drives") if getattr(calibration, name, None) is None}
    content = calibration.model_dump(mode="json", exclude={"sha256", *later})
    if calibration.wipers is not None and not calibration.wipers.scales:
        del content["wipers"]["scales"]
    if calibration.converters is not None and not calibration.converters.metered:
        del content["converters"]["metered"]
    return sha256(dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def sealed(**content: Any) -> Calibration:
    """A calibration with its hash."""
    draft = Calibration.model_construct(format=FORMAT, sha256="", **content)
    return Calibration(format=FORMAT, sha256=fingerprint(draft), **content)
