"""CSV files: samples with a column a node, conductances with a row a branch."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labrig.config.document import Document, Source, read_text
from labrig.config.model import Place
from labrig.config.network import listing
from labrig.errors import ConfigError
from labrig.units import parse_quantity

_HEADER = re.compile(r"(?P<name>\S+) \[(?P<unit>[^\]]+)\]")


@dataclass(frozen=True, slots=True)
class _Table:
    path: Path
    line: int
    """Of the header."""
    header: list[str]
    rows: list[tuple[int, list[str]]]
    """Line number and cells."""


def read_samples(path: Path, named_by: str, inputs: Sequence[str], targets: Sequence[str]) -> Document:
    """Read samples, one a row, as the list that a file would hold.

    Parameters
    ----------
    path
        CSV file whose columns are named after nodes with the unit of the column, ``in0 [V]``.
    named_by
        Beginning of the message where the file cannot be read.
    inputs, targets
        The nodes that need a column each.

    Raises
    ------
    ConfigError
        With file, line and column.
    """
    table = _read(path, named_by)
    units = _columns(table, [*inputs, *targets])
    roles = {name: "inputs" if name in inputs else "targets" for name in units}
    samples: list[dict[str, dict[str, str]]] = []
    sources: dict[Place, Source] = {(): Source(path, table.line)}
    for k, (line, cells) in enumerate(table.rows):
        sample: dict[str, dict[str, str]] = {"inputs": {}, "targets": {}}
        for (name, unit), cell in zip(units.items(), cells, strict=True):
            sample[roles[name]][name] = _quantity(cell, unit, "V", Source(path, line), name)
        samples.append(sample)
        sources[(k,)] = Source(path, line)
    return Document(samples, sources)


def named_columns(path: Path, named_by: str) -> set[str]:
    """Nodes that have a column in a file of samples, whether or not there is such a node."""
    header = (_HEADER.fullmatch(cell) for cell in _read(path, named_by).header)
    return {match["name"] for match in header if match}


def read_conductances(path: Path, named_by: str) -> Document:
    """Read a conductance for each branch, as the mapping that a file would hold.

    Raises
    ------
    ConfigError
        With file, line and column.
    """
    table = _read(path, named_by)
    header = [_HEADER.fullmatch(cell) for cell in table.header]
    if len(header) != 2 or table.header[0] != "branch" or not header[1] or header[1]["name"] != "conductance":
        msg = (
            f"{Source(path, table.line)}: found the columns {','.join(table.header)}; "
            "write branch,conductance [S]"
        )
        raise ConfigError(msg)
    values: dict[str, str] = {}
    sources: dict[Place, Source] = {(): Source(path, table.line)}
    for line, (branch, cell) in table.rows:
        source = Source(path, line)
        if branch in values:
            msg = f"{source}: found branch {branch!r} a second time"
            raise ConfigError(msg)
        values[branch] = _quantity(cell, header[1]["unit"], "S", source, "conductance")
        sources[(branch,)] = source
    return Document(values, sources)


def _read(path: Path, named_by: str) -> _Table:
    lines = read_text(path, named_by).splitlines()
    kept = [(k + 1, text) for k, text in enumerate(lines) if text.strip() and not text.startswith("#")]
    parsed = csv.reader(text for _, text in kept)
    cells = [(line, [cell.strip() for cell in row]) for (line, _), row in zip(kept, parsed, strict=True)]
    if len(cells) < 2:
        msg = f"{path}: found {'only a header' if cells else 'nothing'}; write a header and at least one row"
        raise ConfigError(msg)
    (first, header), *body = cells
    for line, row in body:
        if len(row) != len(header):
            msg = f"{Source(path, line)}: found {len(row)} cells; the header has {len(header)}"
            raise ConfigError(msg)
    return _Table(path, first, header, body)


def _columns(table: _Table, names: Sequence[str]) -> dict[str, str]:
    """Check the header and give the unit of each column by its node."""
    source = Source(table.path, table.line)
    units: dict[str, str] = {}
    for cell in table.header:
        match = _HEADER.fullmatch(cell)
        if match is None:
            msg = f"{source}: found the column {cell!r}; write the node and the unit, such as 'in0 [V]'"
            raise ConfigError(msg)
        name = match["name"]
        if name not in names:
            msg = f"{source}: found a column for {name!r}; columns are {listing(names)}"
            raise ConfigError(msg)
        if name in units:
            msg = f"{source}: found a second column for {name!r}"
            raise ConfigError(msg)
        units[name] = match["unit"]
    if missing := [name for name in names if name not in units]:
        msg = f"{source}: found no column for {listing(missing)}; each of {listing(names)} needs one"
        raise ConfigError(msg)
    return units


def _quantity(cell: str, unit: str, wanted: str, source: Source, column: str) -> str:
    text = f"{cell} {unit}"
    try:
        parse_quantity(text, wanted)
    except ValueError as error:
        msg = f"{source}: column {column}: {error}"
        raise ConfigError(msg) from error
    return text
