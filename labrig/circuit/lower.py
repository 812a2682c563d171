"""From boundaries to arrays, checked once on the way."""

from collections.abc import Mapping, Sequence

import numpy as np

from labrig.arrays import FloatArray
from labrig.circuit.boundary import Boundary, Nudge, TowardTarget
from labrig.circuit.drives import Aims, Drives
from labrig.circuit.network import Origin
from labrig.errors import CircuitError


def lower(names: Sequence[str], boundaries: Sequence[Boundary]) -> Drives:
    """Boundaries over the named nodes, as arrays.

    Raises
    ------
    CircuitError
        A node is not there or is driven twice in one boundary, a value is not finite, a nudge's conductance
        is negative, or a nudge refers to a boundary that is not an earlier one of the same call.
    """
    shape = (len(boundaries), len(names))
    fixed = np.zeros(shape, dtype=np.bool_)
    current_origin = np.zeros(shape, dtype=np.uint8)
    values = np.zeros((4, *shape))
    volts, shunts, sources, injected = values
    aims: list[tuple[int, int, TowardTarget]] = []
    for row, boundary in enumerate(boundaries):
        voltages = boundary.voltages
        _check_nodes(names, row, voltages)
        nodes = np.fromiter(voltages, np.intp, len(voltages))
        fixed[row, nodes] = True
        volts[row, nodes] = np.fromiter(voltages.values(), np.float64, len(voltages))
        current_origin[row, nodes] = Origin.MODELLED
        if boundary.currents or boundary.nudges:
            _check_nodes(names, row, boundary.currents)
            _check_nodes(names, row, boundary.nudges)
            _refuse_double_drive(names, row, boundary)
        for node, current in boundary.currents.items():
            injected[row, node] = current
            current_origin[row, node] = Origin.COMMANDED
        for node, nudge in boundary.nudges.items():
            current_origin[row, node] = Origin.MODELLED
            if isinstance(nudge, TowardTarget):
                _check_reference(names, row, node, nudge)
                aims.append((row, node, nudge))
                fixed[row, node] = True
                volts[row, node] = nudge.target
            else:
                shunts[row, node] = nudge.conductance
                sources[row, node] = nudge.target
    if not (np.isfinite(values).all() and shunts.min(initial=0.0) >= 0):
        _refuse_values(names, values)
    return Drives(fixed, volts, shunts, sources, injected, current_origin, _aims(aims) if aims else None)


def _aims(aims: list[tuple[int, int, TowardTarget]]) -> Aims:
    return Aims(
        np.array([row for row, _, _ in aims]),
        np.array([node for _, node, _ in aims]),
        np.array([nudge.target for _, _, nudge in aims]),
        np.array([nudge.fraction for _, _, nudge in aims]),
        np.array([nudge.reference for _, _, nudge in aims]),
    )


def _check_nodes(names: Sequence[str], row: int, drive: Mapping[int, float] | Mapping[int, Nudge]) -> None:
    if not drive or (min(drive) >= 0 and max(drive) < len(names)):
        return
    node = next(node for node in drive if not 0 <= node < len(names))
    msg = f"boundary {row} names node {node}, which is not there; nodes are 0…{len(names) - 1}"
    raise CircuitError(msg)


def _refuse_double_drive(names: Sequence[str], row: int, boundary: Boundary) -> None:
    ways = (
        ("a voltage", boundary.voltages.keys()),
        ("a current", boundary.currents.keys()),
        ("a nudge", boundary.nudges.keys()),
    )
    for k, (one, nodes) in enumerate(ways):
        for other, others in ways[k + 1 :]:
            for node in sorted(nodes & others):
                msg = (
                    f"boundary {row} drives node {names[node]} twice, "
                    f"by {one} and by {other}; keep one of them"
                )
                raise CircuitError(msg)


def _check_reference(names: Sequence[str], row: int, node: int, nudge: TowardTarget) -> None:
    if not 0 <= nudge.reference < row:
        msg = (
            f"boundary {row} clamps node {names[node]} relative to boundary {nudge.reference}; "
            "a nudge can only refer to an earlier boundary of the same call"
        )
        raise CircuitError(msg)
    if not np.isfinite(nudge.fraction):
        msg = f"boundary {row} clamps node {names[node]} by the fraction {nudge.fraction}; it must be finite"
        raise CircuitError(msg)


def _refuse_values(names: Sequence[str], values: FloatArray) -> None:
    volts, shunts, sources, injected = values
    for what, unit, levels in (
        ("voltage", "V", volts),
        ("nudge's target", "V", sources),
        ("injected current", "A", injected),
        ("nudge's conductance", "S", np.where(shunts < 0, -np.inf, shunts)),
    ):
        for row, node in np.argwhere(~np.isfinite(levels)).tolist():
            value = shunts[row, node] if unit == "S" else levels[row, node]
            must = "zero or positive, and finite" if unit == "S" else "finite"
            msg = f"boundary {row}: the {what} of node {names[node]} is {value} {unit}; it must be {must}"
            raise CircuitError(msg)
