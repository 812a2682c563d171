"""Codecs, circuits, devices and rules only compute. The contracts of import-linter see what they import; this
sees what they could do without importing anything."""

import ast
from pathlib import Path

import pytest

import labrig

PACKAGES = ("circuit", "devices", "learning", "wire")
BUILT_IN = {"__import__", "breakpoint", "compile", "eval", "exec", "input", "open", "print"}
OF_ARRAYS = {"fromfile", "genfromtxt", "load", "loadtxt", "memmap", "save", "savetxt", "savez", "tofile"}
DRAWN_FROM_NOWHERE = {"rand", "randn", "seed"}
"""Random numbers that no experiment's seed decides."""


ROOT = Path(labrig.__file__).parent
MODULES = sorted(module for package in PACKAGES for module in (ROOT / package).rglob("*.py"))


def impure_calls(source: str) -> list[str]:
    called = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [function.id for function in called if isinstance(function, ast.Name)]
    members = [function.attr for function in called if isinstance(function, ast.Attribute)]
    return [n for n in names if n in BUILT_IN] + [m for m in members if m in OF_ARRAYS | DRAWN_FROM_NOWHERE]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: f"{module.parent.name}.{module.stem}")
def test_a_module_that_only_computes_reads_writes_and_draws_nothing(module: Path) -> None:
    assert impure_calls(module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line", ["open('x')", "print(1)", "np.load('x')", "array.tofile('x')", "np.random.rand(3)"]
)
def test_what_reads_writes_or_draws_is_seen(line: str) -> None:
    assert len(impure_calls(f"def f():\n    return {line}")) == 1
