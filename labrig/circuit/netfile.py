"""NET.json: a resistor network and what is forced on it, as one document.

``{"edges": [[u, v], …], "conductances": [S, …], "fixed": {"node": V, …}, "cases": [{"node": V, …}, …]}``:
nodes are integers, gaps allowed; parallel edges add; each case adds forced nodes to `fixed`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn, cast

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from labrig.arrays import Amperes, FloatArray, Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.lower import lower
from labrig.circuit.methods import settle
from labrig.circuit.multigraph import Multigraph, checked_conductances
from labrig.errors import CircuitError, ConfigError

_NODE = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class NetSolution:
    """Settled states of a NET.json, one a case."""

    nodes: tuple[int, ...]
    """N node numbers, ascending."""
    potentials: FloatArray
    """Shape (cases, N), V."""
    forced_currents: tuple[Mapping[int, Amperes], ...]
    """Node to current into the network, one a case."""

    def as_json(self) -> dict[str, Any]:
        """Potentials and forced currents, as `labrig circuit solve --json` prints them."""
        return {
            "potentials": self.potentials.tolist(),
            "forced_currents": [
                {str(node): ampere for node, ampere in case.items()} for case in self.forced_currents
            ],
        }


_Edge = Annotated[list[int], Field(min_length=2, max_length=2)]


class _Net(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    edges: Annotated[list[_Edge], Field(min_length=1)]
    conductances: list[float]
    fixed: dict[str, float] = {}
    cases: list[dict[str, float]] = []


def solve_net(text: str, name: str) -> NetSolution:
    """Solve a NET.json.

    Parameters
    ----------
    text
        The document.
    name
        What to call it in errors: its file name.

    Raises
    ------
    ConfigError
        No JSON, or not these keys.
    CircuitError
        A self-loop; a conductance that is not positive and finite; a node that is not there, or is fixed at
        two values or at one that is not finite; a floating island. The nodes are named.
    """
    try:
        return _solve(_parse(text))
    except CircuitError as error:
        msg = f"{name}: {error}"
        raise CircuitError(msg) from error
    except ConfigError as error:
        msg = f"{name}: {error}"
        raise ConfigError(msg) from error


def _solve(net: _Net) -> NetSolution:
    numbers = sorted({node for edge in net.edges for node in edge})
    place = {node: k for k, node in enumerate(numbers)}
    graph = Multigraph(
        tuple(str(node) for node in numbers),
        np.array([[place[a], place[b]] for a, b in net.edges], dtype=np.int64),
    )
    g = checked_conductances(graph, np.array(net.conductances))
    fixed = _potentials("fixed", net.fixed, place)
    cases: list[Mapping[int, Volts]] = [fixed]
    if net.cases:
        cases = [
            _merged(k, fixed, _potentials(f"cases[{k}]", case, place)) for k, case in enumerate(net.cases)
        ]
    drives = lower(
        graph.names, [Boundary({place[node]: volts for node, volts in case.items()}) for case in cases]
    )
    potentials, currents = settle(graph, g, drives)
    forced = tuple(
        {node: float(currents[k, place[node]]) for node in sorted(case)} for k, case in enumerate(cases)
    )
    return NetSolution(tuple(numbers), potentials, forced)


def _parse(text: str) -> _Net:
    try:
        document: object = json.loads(text, object_pairs_hook=_without_contradiction)
    except json.JSONDecodeError as error:
        msg = f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        raise ConfigError(msg) from error
    if not isinstance(document, dict):
        msg = "a network is an object with the keys edges, conductances, fixed and cases"
        raise ConfigError(msg)
    members = cast("dict[str, Any]", document)
    try:
        net = _Net.model_validate(members)
    except ValidationError as error:
        _refuse(error, members)
    if len(net.edges) != len(net.conductances):
        msg = f"{len(net.edges)} edges, but {len(net.conductances)} conductances; give one to each edge"
        raise ConfigError(msg)
    for k, ((a, b), g) in enumerate(zip(net.edges, net.conductances, strict=True)):
        if a == b:
            msg = f"edges[{k}] joins node {a} to itself; an edge needs two different nodes"
            raise CircuitError(msg)
        if not 0 < g < np.inf:
            msg = f"conductances[{k}], of the edge {a}-{b}, is {g} S; it must be positive and finite"
            raise CircuitError(msg)
    return net


def _without_contradiction(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members and members[key] != value:
            if _NODE.fullmatch(key):
                msg = f"node {key} is fixed twice, at {members[key]} V and at {value} V; keep one of them"
                raise CircuitError(msg)
            msg = f"the key {key!r} occurs twice; keep one of them"
            raise ConfigError(msg)
        members[key] = value
    return members


_COMPLAINTS = {
    "missing": "is missing",
    "extra_forbidden": "is no key of a network; it has edges, conductances, fixed and cases",
    "int_type": "must be an integer, a node's number",
    "float_type": "must be a number",
    "too_short": "must hold two nodes an edge, and at least one edge",
    "too_long": "must hold two nodes an edge",
    "list_type": "must be a list",
    "dict_type": "must be an object of node numbers and volts",
}


def _refuse(error: ValidationError, members: Mapping[str, Any]) -> NoReturn:
    first = error.errors()[0]
    key, *inside = first["loc"]
    place = str(key) + "".join(f"[{part}]" for part in inside)
    complaint = _COMPLAINTS.get(first["type"], first["msg"])
    found = "" if first["type"] == "missing" else f"; found {first['input']!r}"
    if inside and key == "conductances":
        edges: list[list[int]] = members["edges"]
        named = ["-".join(str(node) for node in edge) for edge in edges]
        place += f", of the edge {named[int(inside[0])]}," if int(inside[0]) < len(named) else ""
    msg = f"{place} {complaint}{found}"
    if inside and key != "edges":
        raise CircuitError(msg) from error
    raise ConfigError(msg) from error


def _potentials(key: str, entries: Mapping[str, float], place: Mapping[int, int]) -> dict[int, Volts]:
    potentials: dict[int, Volts] = {}
    for name, volts in entries.items():
        if not _NODE.fullmatch(name):
            msg = f"{key} names node {name!r}; nodes are integers"
            raise CircuitError(msg)
        node = int(name)
        if node not in place:
            msg = f"{key} names node {node}, which no edge joins; add an edge or leave the node out"
            raise CircuitError(msg)
        if not np.isfinite(volts):
            msg = f"{key} forces node {node} to {volts} V; a potential must be finite"
            raise CircuitError(msg)
        if potentials.setdefault(node, volts) != volts:
            msg = f"{key} forces node {node} to {potentials[node]} V and to {volts} V; keep one of them"
            raise CircuitError(msg)
    return potentials


def _merged(case: int, fixed: Mapping[int, Volts], more: Mapping[int, Volts]) -> dict[int, Volts]:
    for node in sorted(fixed.keys() & more.keys()):
        if fixed[node] != more[node]:
            msg = (
                f"cases[{case}] forces node {node} to {more[node]} V, but fixed holds it at {fixed[node]} V; "
                "keep one of them"
            )
            raise CircuitError(msg)
    return {**fixed, **more}
