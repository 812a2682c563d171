import json
from typing import Any

import pytest

from labrig.circuit.netfile import NetSolution, solve_net
from labrig.errors import CircuitError, ConfigError, LabrigError


def net(**changes: Any) -> dict[str, Any]:
    return {"edges": [[0, 1], [1, 2]], "conductances": [1.0, 3.0], "fixed": {"0": 1.0}} | changes


def solved(**changes: Any) -> NetSolution:
    return solve_net(json.dumps(net(**changes)), "net.json")


def test_each_case_adds_forced_nodes_and_gives_one_row() -> None:
    solution = solved(cases=[{"2": 0.0}, {"2": -1, "1": 0.5}, {}])
    assert solution.potentials.tolist() == [[1.0, 0.25, 0.0], [1.0, 0.5, -1.0], [1.0, 1.0, 1.0]]
    assert solution.forced_currents[0] == {0: 0.75, 2: -0.75}
    assert solution.forced_currents[1] == {0: 0.5, 1: 4.0, 2: -4.5}
    assert solution.forced_currents[2] == {0: 0.0}


@pytest.mark.parametrize("cases", [{}, {"cases": []}])
def test_without_cases_there_is_one_row_of_what_is_fixed(cases: dict[str, Any]) -> None:
    assert solved(fixed={"0": 1, "2": 0}, **cases).potentials.tolist() == [[1.0, 0.25, 0.0]]


def test_columns_ascend_over_gaps_and_negative_numbers() -> None:
    solution = solved(edges=[[70, -3], [-3, 5]], fixed={"70": 1}, cases=[{"5": 0}])
    assert solution.nodes == (-3, 5, 70)
    assert solution.potentials.tolist() == [[0.25, 0.0, 1.0]]
    assert list(solution.as_json()["forced_currents"][0]) == ["5", "70"]


def test_parallel_edges_add_in_either_direction() -> None:
    solution = solved(edges=[[0, 1], [1, 2], [2, 1]], conductances=[1, 1, 2], fixed={"0": 1, "2": 0})
    assert solution.potentials.tolist() == [[1.0, 0.25, 0.0]]


def test_pieces_that_are_each_driven_need_no_path_between_them() -> None:
    solution = solved(edges=[[0, 1], [5, 6]], fixed={"0": 1, "6": 2})
    assert solution.potentials.tolist() == [[1.0, 1.0, 2.0, 2.0]]


def test_a_case_may_fix_a_node_again_at_the_same_value() -> None:
    assert solved(cases=[{"0": 1, "2": 0}]).potentials.tolist() == [[1.0, 0.25, 0.0]]


def test_the_same_value_twice_is_no_contradiction() -> None:
    text = '{"edges": [[0, 1]], "conductances": [1], "fixed": {"0": 1, "0": 1.0, "00": 1}}'
    assert solve_net(text, "net.json").potentials.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"edges": [[0, 1], [2, 2]]}, r"edges\[1\] joins node 2 to itself"),
        ({"conductances": [1, 0]}, r"conductances\[1\], of the edge 1-2, is 0.0 S"),
        ({"conductances": [-1, 1]}, r"conductances\[0\], of the edge 0-1, is -1.0 S"),
        ({"conductances": [float("nan"), 1]}, r"of the edge 0-1, is nan S"),
        ({"conductances": [1, float("inf")]}, r"of the edge 1-2, is inf S"),
        ({"conductances": [1, "2"]}, r"of the edge 1-2, must be a number; found '2'"),
        ({"conductances": [1, 2, None]}, r"conductances\[2\] must be a number; found None"),
        ({"fixed": {"9": 1}}, "fixed names node 9, which no edge joins"),
        ({"fixed": {"x": 1}}, "fixed names node 'x'; nodes are integers"),
        ({"fixed": {"0": float("nan")}}, "fixed forces node 0 to nan V"),
        ({"fixed": {"0": True}}, r"fixed\[0\] must be a number; found True"),
        ({"fixed": {"1": 1, "01": 2}}, "fixed forces node 1 to 1.0 V and to 2.0 V"),
        ({"cases": [{}, {"0": 2}]}, r"cases\[1\] forces node 0 to 2.0 V, but fixed holds it at 1.0 V"),
        ({"cases": [{"7": 2}]}, r"cases\[0\] names node 7"),
        ({"fixed": {}}, "0, 1, 2: no path"),
        ({"edges": [[0, 1], [5, 6]]}, "5, 6: no path"),
    ],
)
def test_an_impossible_network_is_refused_by_its_nodes(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CircuitError, match=f"^net.json: .*{complaint}"):
        solved(**changes)


def test_a_node_fixed_twice_at_different_values_is_refused() -> None:
    text = '{"edges": [[0, 1]], "conductances": [1], "fixed": {"0": 1, "0": 2}}'
    with pytest.raises(CircuitError, match="node 0 is fixed twice, at 1 V and at 2 V"):
        solve_net(text, "net.json")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"edges": [', "not JSON at line 1, column 12"),
        ("[]", "a network is an object"),
        ('{"conductances": [1]}', "edges is missing"),
        ('{"edges": [[0, 1]], "edges": [[0, 2]]}', "the key 'edges' occurs twice"),
        (json.dumps(net(edges=[])), "edges must hold two nodes an edge, and at least one edge"),
        (json.dumps(net(edges=[[0, 1], [1]])), r"edges\[1\] must hold two nodes"),
        (json.dumps(net(edges=[[0, 1], [1, 2.5]])), r"edges\[1\]\[1\] must be an integer"),
        (json.dumps(net(conductances=[1])), "2 edges, but 1 conductances"),
        (json.dumps(net(cases={"0": 1})), "cases must be a list"),
        (json.dumps(net(case=[])), "case is no key of a network"),
    ],
)
def test_a_malformed_document_is_refused_by_its_place(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=f"^net.json: {complaint}"):
        solve_net(text, "net.json")


@pytest.mark.parametrize("text", ["", "null", "3", '{"edges": 1}', '{"edges": [null]}', '{"fixed": []}'])
def test_nonsense_is_a_mistake_of_the_user_and_never_a_bug(text: str) -> None:
    with pytest.raises(LabrigError, match=r"^net.json: "):
        solve_net(text, "net.json")
