"""What the measurements of a crossbar have in common: who can be measured, and with which voltages."""

import numpy as np

from labrig.arrays import FloatArray
from labrig.bench.bench import Bench
from labrig.errors import ConfigError

MARGIN = 0.9
"""Of a limit that is used."""
DITHER = 0.1
"""By which the voltages of states differ, relative, so that the steps of the converters average out."""
_GOLDEN = (5**0.5 - 1) / 2


def fractions(count: int, turn: int = 0) -> FloatArray:
    """Spread over 0 … 1, each another and another at each turn, (count,)."""
    return np.asarray(np.modf(_GOLDEN * (np.arange(count) + 31 * turn))[0], dtype=np.float64)


def shares(count: int, turn: int) -> FloatArray:
    """Slightly below 1, each another and another at each turn, (count,)."""
    return np.asarray(1 - DITHER * fractions(count, turn), dtype=np.float64)


def signs(count: int) -> FloatArray:
    """Rows of ±1, (K, count): a Hadamard matrix without its constant row."""
    from scipy.linalg import hadamard

    order = 1 << max(count - 1, 1).bit_length()
    rows = np.asarray(hadamard(order)[1:, :count], dtype=np.float64)
    found: FloatArray = rows[np.ptp(rows, axis=1) > 0]
    return found


def check_crossbar(bench: Bench, what: str) -> None:
    """Whether this board can be calibrated: ``wiper`` or ``line``.

    Raises
    ------
    ConfigError
        It has no codes, or dividers; its network is no crossbar, or it measures no currents.
    """
    number = bench.info.serial_number
    if bench.info.pulses is not None:
        msg = f"board {number} has memristors, which have no codes to calibrate: they are read anew each time"
        raise ConfigError(msg)
    if bench.info.codes is None:
        msg = f"board {number} is continuous: it has no codes to calibrate"
        raise ConfigError(msg)
    if bench.info.dividers:
        msg = (
            f"board {number} has dividers, of whose wipers and lines no calibration can be made yet; labrig"
            " calibrate adc and labrig sweep codes can be used"
        )
        raise ConfigError(msg)
    if bench.topology.crossbar_shape is None:
        msg = f"calibrate {what} takes all branches of a crossbar at once, and this network is none"
        raise ConfigError(msg)
    if bench.info.drive == 0:
        msg = (
            f"board {number} has no drive resistors to measure currents by: conductances are known up to a"
            " factor only; calibrate one branch by labrig sweep codes --smu"
        )
        raise ConfigError(msg)
