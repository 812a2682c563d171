"""What a sweep stores: a row a point, and what was asked for."""

from collections.abc import Mapping

from labrig.instruments.base import Identity, Reading, VoltageSource, unit_of
from labrig.procedures.sweeps.codes import CodePoint
from labrig.procedures.sweeps.iv import SweepPlan
from labrig.store.columns import Column, Value
from labrig.store.tables import Json

PROCEDURE, CODES = "sweep iv", "sweep codes"


def code_columns() -> list[Column]:
    """Columns of a sweep over codes."""
    return [
        Column("time", "s", "since the first point"),
        Column("code", "", "of the wiper", "int64"),
        Column("repeat", "", "which time through, from 0", "int64"),
        Column("upward", "", "the code was reached from below", "bool"),
        Column("voltage", "V", "over the branch, measured"),
        Column("current", "A", "through the branch, measured"),
        Column("conductance", "S", "current over voltage"),
        Column("nominal", "S", "by the law of the part"),
        Column("lost", "", "why a value is missing", "str"),
    ]


def code_row(point: CodePoint, begun: float) -> dict[str, Value]:
    """One row."""
    return {
        "time": point.time - begun,
        "code": point.code,
        "repeat": point.repeat,
        "upward": point.upward,
        "voltage": point.volts,
        "current": point.amperes,
        "conductance": point.conductance,
        "nominal": point.nominal,
        "lost": point.lost,
    }


def sweep_columns(plan: SweepPlan) -> list[Column]:
    """Columns of a sweep."""
    unit = unit_of(plan.setup)
    limited = "A" if unit == "V" else "V"
    return [
        Column("time", "s", "since the first point"),
        Column("level", unit, "of the source, commanded"),
        Column("voltage", "V", "measured"),
        Column("current", "A", "measured"),
        Column("range", limited, "in which it was measured; missing where the instrument does not say"),
        Column("limited", "", "which limit held: compliance, range, or none", "str"),
        Column("lost", "", "why a value is missing", "str"),
    ]


def sweep_row(reading: Reading, begun: float) -> dict[str, Value]:
    """One row."""
    return {
        "time": reading.time - begun,
        "level": reading.level,
        "voltage": reading.volts,
        "current": reading.amperes,
        "range": reading.range,
        "limited": str(reading.limited),
        "lost": reading.lost,
    }


def sweep_attributes(plan: SweepPlan, what: str, extra: Mapping[str, Json]) -> dict[str, Json]:
    """What a picture or a list says beside the numbers.

    Parameters
    ----------
    what
        That is swept: a branch, or what is at the terminals.
    """
    voltage = isinstance(plan.setup, VoltageSource)
    return {
        "procedure": PROCEDURE,
        "swept": what,
        "source": "voltage" if voltage else "current",
        "compliance": plan.setup.compliance,
        "nplc": plan.setup.metering.nplc,
        "at_compliance": str(plan.at_compliance),
        "pulse": plan.pulse,
        "engine": plan.in_engine,
        **extra,
    }


def meter_facts(name: str, identity: Identity) -> dict[str, Json]:
    """Who measured, for the provenance."""
    return {
        "source_meter": {
            "name": name,
            "maker": identity.maker,
            "model": identity.model,
            "serial_number": identity.serial_number,
            "firmware": identity.firmware,
        }
    }
