"""What a Keithley 2400 can source and measure (Series 2400 User's Manual, 2400S-900-01: specifications).

Not verified against the manual's pages: the power limits by range, and the numbers of the model's own errors.
"""

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.scpi.errors import ScpiError

HEADROOM = 1.05
"""Most level and reading over the nominal range."""
NOMINAL = {
    Quantity.VOLTAGE: (0.2, 2.0, 20.0, 200.0),
    Quantity.CURRENT: (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0),
}
"""V and A."""
MOST = {Quantity.VOLTAGE: 210.0, Quantity.CURRENT: 1.05}
_POWERFUL_UP_TO = {Quantity.VOLTAGE: 21.0, Quantity.CURRENT: 0.105}
"""A source on a higher range may have its limit at a tenth of the most only: 22 W altogether."""
_LEAST_COMPLIANCE = 1e-3
"""Of a measurement range that is fixed."""

TOO_MUCH_POWER = ScpiError(826, "Attempt to exceed power limit")
BEYOND_COMPLIANCE = ScpiError(824, "Cannot exceed compliance range")
OUTPUT_OFF = ScpiError(803, "Not permitted with OUTPUT off")


def range_for(quantity: Quantity, value: float) -> float:
    """The lowest nominal range that holds a value.

    Raises
    ------
    ScpiError
        -222: none does.
    """
    for nominal in NOMINAL[quantity]:
        if abs(value) <= nominal * HEADROOM * (1 + 1e-9):
            return nominal
    raise ScpiError(-222)


def check_limit(source: Quantity, span: float, limit: float) -> None:
    """Refuse a limit that, with a source range, is more power than there is.

    Raises
    ------
    ScpiError
        826.
    """
    powerful = span * HEADROOM <= _POWERFUL_UP_TO[source] * (1 + 1e-9)
    most = MOST[source.other] if powerful else MOST[source.other] / 10
    if limit > most * (1 + 1e-9):
        raise TOO_MUCH_POWER


def check_compliance(limit: float, span: float | None, quantity: Quantity) -> None:
    """Refuse a limit under a thousandth of the measurement range, or of the lowest one where it is automatic.

    Raises
    ------
    ScpiError
        -222.
    """
    least = _LEAST_COMPLIANCE * (NOMINAL[quantity][0] if span is None else span)
    if not least * (1 - 1e-9) <= limit <= MOST[quantity] * (1 + 1e-9):
        raise ScpiError(-222)
