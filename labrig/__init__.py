"""labrig: train a physical resistor crossbar on the bench.

The public names are loaded when they are first used: `load_experiment`, `load_rig`, `open_bench`,
`preflight`, `train`, `open_resumed`, `measure`, `open_run`; the modules `circuit`, `learning` and `errors`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labrig.bench.assembly import open_bench as open_bench
    from labrig.config.loading import load_experiment as load_experiment
    from labrig.config.loading import load_rig as load_rig
    from labrig.procedures.measure import measure as measure
    from labrig.procedures.preflight import preflight as preflight
    from labrig.procedures.resume import open_resumed as open_resumed
    from labrig.procedures.train import train as train
    from labrig.store.dataset import open_run as open_run

    __version__: str

_HOMES = {
    "load_experiment": "labrig.config.loading",
    "load_rig": "labrig.config.loading",
    "measure": "labrig.procedures.measure",
    "open_bench": "labrig.bench.assembly",
    "open_resumed": "labrig.procedures.resume",
    "open_run": "labrig.store.dataset",
    "preflight": "labrig.procedures.preflight",
    "train": "labrig.procedures.train",
}
_MODULES = ("circuit", "errors", "learning")

__all__ = [
    "load_experiment",
    "load_rig",
    "measure",
    "open_bench",
    "open_resumed",
    "open_run",
    "preflight",
    "train",
]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"labrig.{name}")
    if name == "__version__":
        from importlib.metadata import version

        return version("labrig")
    msg = f"module 'labrig' has no attribute {name!r}"
    raise AttributeError(msg)
