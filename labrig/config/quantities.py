"""Field types: text with a unit in a file, an SI float in Python."""

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, TypeAlias

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from labrig.config.model import mistake
from labrig.config.patterns import NODE
from labrig.units import example, format_quantity, parse_quantity

FROM_FILE = {"file": True}
"""Validation context in which a bare number is refused where a unit belongs."""

_PATTERN = r"^\s*[-+−]?\.?[0-9][0-9.eE+-]*\s*[^\s0-9.]"


@dataclass(frozen=True)
class Quantity:
    """Marks a float as a quantity: in a file text with a unit, in Python also an SI float."""

    unit: str
    above: float | None = None
    least: float | None = None
    most: float | None = None

    def parse(self, value: Any, info: core_schema.ValidationInfo) -> float:
        """Read one value; in a file it needs its unit."""
        if _is_number(value) and isfinite(value) and info.context == FROM_FILE:
            raise mistake(f"found {value!r}, which has no unit; write {self._wanted()}")
        return self.read(value)

    def read(self, value: Any) -> float:
        """Read a value with or without its unit and check its range."""
        if isinstance(value, str):
            try:
                number = parse_quantity(value, self.unit)
            except ValueError as error:
                raise mistake(str(error)) from error
        elif _is_number(value):
            number = float(value)
        else:
            raise mistake(f"found {value!r}; write {self._wanted()}")
        if not isfinite(number):
            raise mistake(f"found {value}, which is not a finite number; write {self._wanted()}")
        if not self._holds(number):
            raise mistake(f"found {value}; it must be {self._range()}")
        return number

    def write(self, value: float) -> str | float:
        """Give the text, or bare number, that reads back as the same float."""
        return f"{repr(value).removesuffix('.0')} {self.unit}" if self.unit else value

    def _wanted(self) -> str:
        what = f"a quantity in {self.unit}" if self.unit else "a plain number or a percentage"
        return f"{what}, such as {example(self.unit)!r}"

    def _holds(self, value: float) -> bool:
        return (
            (self.above is None or value > self.above)
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
        )

    def _range(self) -> str:
        bounds = (("above", self.above), ("at least", self.least), ("at most", self.most))
        parts = [f"{word} {format_quantity(bound, self.unit)}" for word, bound in bounds if bound is not None]
        return " and ".join(parts) or "finite"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(self.write, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        note = f"Quantity in {self.unit}, {self._range()}."
        return {"type": "string", "pattern": _PATTERN, "description": note, "examples": [example(self.unit)]}


@dataclass(frozen=True)
class BareQuantity(Quantity):
    """A quantity that may stand in a file without its unit, which is then understood."""

    def parse(self, value: Any, info: core_schema.ValidationInfo) -> float:  # noqa: ARG002
        """Read one value, with or without its unit."""
        return self.read(value)

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        kind = f"In {self.unit}" if self.unit else "A number or a percentage"
        return {"type": ["number", "string"], "description": f"{kind}, {self._range()}."}


@dataclass(frozen=True)
class PerKelvin(Quantity):
    """A relative change with the temperature, 1/K in Python and ppm/K in a file."""

    unit: str = "1/K"

    def write(self, value: float) -> str:
        """Give the text that reads back as the same float."""
        return f"{Decimal(repr(value)).scaleb(6):f} ppm/K"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


Volts: TypeAlias = Annotated[float, Quantity("V")]
PositiveVolts: TypeAlias = Annotated[float, Quantity("V", above=0.0)]
NoiseVolts: TypeAlias = Annotated[float, Quantity("V", least=0.0)]
PositiveAmperes: TypeAlias = Annotated[float, Quantity("A", above=0.0)]
PositiveWatts: TypeAlias = Annotated[float, Quantity("W", above=0.0)]
PositiveSiemens: TypeAlias = Annotated[float, Quantity("S", above=0.0)]
NoiseSiemens: TypeAlias = Annotated[float, Quantity("S", least=0.0)]
PositiveSlew: TypeAlias = Annotated[float, Quantity("V/s", above=0.0)]
SeriesOhms: TypeAlias = Annotated[float, Quantity("ohm", least=0.0)]
Seconds: TypeAlias = Annotated[float, Quantity("s", least=0.0)]
PositiveSeconds: TypeAlias = Annotated[float, Quantity("s", above=0.0)]
Tolerance: TypeAlias = Annotated[float, BareQuantity("", least=0.0, most=0.9)]
"""Half width of a uniform spread, relative: 0.2 or ``20 %``."""
Taps: TypeAlias = Annotated[float, BareQuantity("", least=0.0, most=64.0)]
Share: TypeAlias = Annotated[float, BareQuantity("", above=0.0, most=1.0)]
Celsius: TypeAlias = Annotated[float, Quantity("degC", least=-60.0, most=150.0)]
"""A temperature; a difference of two is in K."""
Kelvins: TypeAlias = Annotated[float, Quantity("K")]
Tempco: TypeAlias = Annotated[float, PerKelvin(least=-0.01, most=0.01)]
"""Relative change with the temperature."""
LargestTempco: TypeAlias = Annotated[float, PerKelvin(least=0.0, most=0.01)]
LargestVoltsAKelvin: TypeAlias = Annotated[float, Quantity("V/K", least=0.0)]
PositiveNumber: TypeAlias = Annotated[float, BareQuantity("", above=0.0)]

Count: TypeAlias = Annotated[int, Strict(), Field(ge=1)]
Seed: TypeAlias = Annotated[int, Strict(), Field(ge=0)]
Bits: TypeAlias = Annotated[int, Strict(), Field(ge=1, le=24)]
Flag: TypeAlias = Annotated[bool, Strict()]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
NodeName: TypeAlias = Annotated[str, Field(pattern=NODE)]
