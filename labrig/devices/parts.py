"""Presets of the parts that a board's branches are made of."""

from dataclasses import dataclass

from labrig.arrays import Amperes, Ohms, Volts
from labrig.errors import ConfigError


@dataclass(frozen=True, slots=True)
class DividerFigures:
    """What a datasheet has of a potentiometer whose terminals A, B and W are all joined to something.

    All are of the unloaded voltage at W as a share of that between B and A, which R_AB and R_W do not enter.
    """

    nonlinearity: float
    """P-INL, typical, in code steps, once both ends are taken off; R-INL is that of a resistance."""
    most_nonlinearity: float
    """P-INL, at most."""
    ends: float
    """Zero-scale error, typical, in code steps; the full-scale error is as large and of the other sign."""
    tempco: float
    """Relative change of the share per kelvin at mid-scale, typical."""
    source: str


@dataclass(frozen=True, slots=True)
class DigipotPart:
    """A digital potentiometer; as a rheostat wiper to the terminal from which its codes count."""

    name: str
    end_to_end: Ohms
    """R_AB, nominal."""
    wiper: Ohms
    """R_W, typical; also what is left at code 0."""
    steps: int
    """Code steps over R_AB: the resistance at `code` is R_W + R_AB code / steps."""
    code_max: int
    """Highest code; ``steps`` on a part with a full-scale tap."""
    tolerance: float
    """Largest relative error of R_AB."""
    channels: int
    """Potentiometers in one package."""
    matching: float
    """Largest relative difference of R_AB between a channel and the mean of its package."""
    wiper_spread: float
    """Relative spread of R_W from channel to channel that a simulation draws from."""
    nonlinearity: float
    """R-INL, typical, in code steps: largest deviation of the resistance from a straight line."""
    tempco: float
    """Relative change of R_AB per kelvin."""
    wiper_current: Amperes
    """Largest current through the wiper."""
    supply: tuple[Volts, Volts]
    """Between which it is specified."""
    source: str
    divider: DividerFigures | None = None
    """None: it has no third terminal."""

    @property
    def least_end_to_end(self) -> Ohms:
        """R_AB of the least potentiometer in the least package."""
        return self.end_to_end * (1 - self.tolerance) * (1 - self.matching)

    @property
    def least_wiper(self) -> Ohms:
        """R_W of the least wiper."""
        return self.wiper * (1 - self.wiper_spread)

    @property
    def code_bits(self) -> int:
        """Bits of a code on the wire."""
        return self.code_max.bit_length()


def _mcp4351(suffix: str, end_to_end: Ohms) -> DigipotPart:
    return DigipotPart(
        name=f"MCP4351-{suffix}",
        end_to_end=end_to_end,
        wiper=75.0,
        steps=256,
        code_max=256,
        tolerance=0.20,
        channels=4,
        matching=0.015,
        wiper_spread=0.2,
        nonlinearity=0.5,
        tempco=50e-6,
        wiper_current=2.5e-3,
        supply=(2.7, 5.5),
        source=(
            "Microchip DS22242A: 257 taps, R_AB ±20 %, R_W 75 Ω typical; wiper current DS22107B p. 6;"
            " R-INL ±0.5 LSb typical at 5.5 V as of the sister MCP415X/425X, DS22060B p. 7; as of the sister"
            " MCP463X/465X, DS22096B p. 5, rheostats are matched to 1.5 % at most (R_AB alone to 1.25 %), and"
            " 50 ppm/K are typical from -20 to 70 °C. Not checked: the spread of R_W"
        ),
        divider=DividerFigures(
            nonlinearity=0.5,
            most_nonlinearity=1.0,
            ends=0.1,
            tempco=15e-6,
            source=(
                "Of sister parts of 257 taps, whose figures are the same for all four R_AB: INL ±0.5 LSb"
                " typical, ±1 at most, V_WZSE +0.1 and V_WFSE -0.1 LSb typical (5 kΩ: up to 6), MCP424X/426X,"
                " DS22059B p. 6, and MCP464X/466X, DS22107B p. 7; 15 ppm/K at mid-scale, MCP463X/465X,"
                " DS22096B p. 5. Not checked: DS22242A itself"
            ),
        ),
    )


def _ad5270(suffix: str, end_to_end: Ohms, wiper_current: Amperes) -> DigipotPart:
    return DigipotPart(
        name=f"AD5270-{suffix}",
        end_to_end=end_to_end,
        wiper=35.0,
        steps=1024,
        code_max=1023,
        tolerance=0.01,
        channels=1,
        matching=0.0,
        wiper_spread=0.2,
        nonlinearity=0.5,
        tempco=5e-6,
        wiper_current=wiper_current,
        supply=(2.7, 5.5),
        source=(
            "Analog Devices AD5270/AD5271 Rev. F: 1024 taps, R_WA ±1 % in the resistor performance mode"
            " that is on at power-up, supply 2.7 … 5.5 V, 3 mA (p. 1 and 22). Not checked: 2 mA of the"
            " parts of 50 and 100 kΩ; R_W 35 Ω typical (p. 22 has 120 Ω in all at code 0); and that the"
            " 1 % does not hold at the lowest codes, up to about a fifth of full scale for 20 kΩ; the R-INL"
            " and the spread of R_W; 5 ppm/K is that of p. 1"
        ),
    )


DIGIPOTS = {
    part.name: part
    for part in (
        _mcp4351("502", 5e3),
        _mcp4351("103", 10e3),
        _mcp4351("503", 50e3),
        _mcp4351("104", 100e3),
        _ad5270("20", 20e3, 3e-3),
        _ad5270("50", 50e3, 2e-3),
        _ad5270("100", 100e3, 2e-3),
    )
}


def digipot(name: str) -> DigipotPart:
    """The preset of this name.

    Raises
    ------
    ConfigError
        No such part.
    """
    try:
        return DIGIPOTS[name]
    except KeyError:
        msg = f"part {name!r} is not known; labrig knows {', '.join(DIGIPOTS)}"
        raise ConfigError(msg) from None
