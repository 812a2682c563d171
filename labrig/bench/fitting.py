"""Whether a calibration may be used on the board that is there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from labrig.boards.base import BoardInfo
from labrig.circuit.topology import Topology
from labrig.config.calibration import Calibration, WipersCalibration
from labrig.config.rig import RigConfig
from labrig.errors import CalibrationError, ConfigError

_SIMULATED = ("simulated", "twin")


def check_valid(calibration: Calibration, rig: RigConfig, info: BoardInfo, celsius: float | None) -> None:
    """Whether a calibration is of this board, as it is now; what the rig accepts all the same is left out.

    Parameters
    ----------
    celsius
        Of the board now; None: it does not tell.

    Raises
    ------
    CalibrationError
        It is of another board, too old, or was made at another temperature.
    """
    for reason, text in _objections(calibration, info, celsius):
        if reason not in rig.accept_calibration:
            msg = f"calibration: {text}; calibrate again, or let the rig say accept_calibration: [{reason}]"
            raise CalibrationError(msg)


def check_network(calibration: Calibration, info: BoardInfo, topology: Topology, wiring: str) -> None:
    """Whether a calibration has all branches of a network, wired as it is, and its board the same parts.

    Parameters
    ----------
    wiring
        Its fingerprint.

    Raises
    ------
    ConfigError
        It has not.
    """
    wipers = calibration.wipers
    if wipers is not None:
        _check_wipers(calibration, wipers, info, topology)
    if calibration.wiring != wiring:
        msg = (
            "calibration: it was made with nodes or branches on other lines or wipers of the board; restore"
            " the rig's wiring, or calibrate again"
        )
        raise ConfigError(msg)


def check_metered(calibration: Calibration, rig: RigConfig) -> None:
    """Whether source meters are where they were when the converters were calibrated.

    Raises
    ------
    ConfigError
        There is none on one of these nodes: the board's own converters there were never looked at.
    """
    if calibration.converters is None:
        return
    joined = {meter.node for meter in rig.source_meters.values()}
    for node, who in calibration.converters.metered.items():
        if node not in joined:
            msg = (
                f"calibration: it was made with a source meter on {node} ({who}), and says nothing of the"
                f" board's own converters and drive resistor there; join a source meter to {node} in the"
                " rig's source_meters, or take the rig's calibration out and calibrate again"
            )
            raise ConfigError(msg)


def _check_wipers(
    calibration: Calibration, wipers: WipersCalibration, info: BoardInfo, topology: Topology
) -> None:
    if info.codes is None or calibration.part != info.part:
        msg = f"calibration: found wipers of {calibration.part}, but this board is made of {info.part}"
        raise ConfigError(msg)
    names = [topology.branch_name(k) for k in range(len(topology.branches))]
    if missing := [name for name in names if name not in wipers.branches]:
        msg = (
            f"calibration: {missing[0]} and {len(missing) - 1} other branches are not in it"
            if len(missing) > 1
            else f"calibration: branch {missing[0]} is not in it"
        )
        raise ConfigError(f"{msg}; calibrate this rig's network")


def _objections(
    calibration: Calibration, info: BoardInfo, celsius: float | None
) -> Iterator[tuple[str, str]]:
    if calibration.board != info.serial_number:
        yield "board", f"it is of board {calibration.board}, but this is {info.serial_number}"
    made_in = calibration.method.get("kind")
    if made_in in _SIMULATED and info.kind not in _SIMULATED:
        yield "board", "it was made in simulation, and this is a bench"
    age = datetime.now(UTC) - calibration.made
    if age > timedelta(days=calibration.valid_days):
        yield "age", f"it is {age.days} days old and holds for {calibration.valid_days:g}"
    made_at = calibration.temperature_celsius
    if celsius is not None and made_at is not None:
        away = celsius - made_at
        if abs(away) > calibration.valid_within_kelvin:
            band = f"{made_at:.1f} ± {calibration.valid_within_kelvin:g} °C"
            yield "temperature", f"it holds at {band}, but the board is at {celsius:.1f} °C"
