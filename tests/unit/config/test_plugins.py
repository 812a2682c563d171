"""Boards of other packages."""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from labrig.config import plugins
from labrig.config.loading import load_experiment
from labrig.config.model import Model
from labrig.config.plugins import PluginBoard, load_plugin
from labrig.config.quantities import PositiveVolts
from labrig.errors import ConfigError

Write = Callable[[str, str], Path]
Lines = Callable[[dict[int, str]], str]
Refusal = Callable[[Path], str]


class Left(BaseModel):
    """One of two."""

    side: Literal["left"]


class Right(BaseModel):
    """The other."""

    side: Literal["right"]


class BenchKeys(Model):
    """Keys of a board that another package brings, in labrig's own types."""

    port: str
    span: PositiveVolts


class PlainKeys(BaseModel):
    """Keys of a board in plain pydantic."""

    model_config = ConfigDict(extra="forbid")
    port: Annotated[str, Field(pattern="^COM[0-9]$")]
    half: Annotated[Left | Right, Field(discriminator="side")] | None = None


class Bench:
    """What an entry point leads to."""

    config = BenchKeys


class Plain:
    """What another entry point leads to."""

    config = PlainKeys


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three packages: two that work, one whose module is gone."""
    loaded = {"bench": Bench, "plain": Plain}
    entries = {name: EntryPoint(name, f"pkg:{name}", plugins.GROUP) for name in ("bench", "plain", "broken")}

    def load(entry: EntryPoint) -> object:
        if entry.name == "broken":
            msg = "No module named 'pkg'"
            raise ModuleNotFoundError(msg)
        return loaded[entry.name]

    monkeypatch.setattr(EntryPoint, "load", load)
    monkeypatch.setattr(plugins, "installed", lambda: entries)


def test_the_keys_of_a_plugin_stand_beside_its_kind_and_are_read_by_its_model(
    write: Write, lines: Lines
) -> None:
    text = lines({4: "    kind: bench", 5: "    port: COM7\n    span: 2.5 V"})
    experiment = load_experiment(write("a.yaml", text))
    board = experiment.rig.board
    assert isinstance(board, PluginBoard)
    assert board.kind == "bench"
    assert board.settings == BenchKeys(port="COM7", span=2.5)
    assert load_experiment(write("b.yaml", experiment.text)).rig.board == board


@pytest.mark.parametrize(
    ("keys", "line", "key", "said"),
    [
        ("    port: COM7\n    span: 2.5", 6, "rig.board.span", "found 2.5, which has no unit"),
        ("    port: COM7", 3, "rig.board.span", "this key is missing"),
        ("    port: 7\n    span: 2.5 V", 5, "rig.board.port", "found 7; write text"),
        (
            "    port: COM7\n    span: 2.5 V\n    prt: 1",
            7,
            "rig.board.prt",
            "this key is not known here",
        ),
    ],
)
def test_a_mistake_in_the_keys_of_a_plugin_is_told_like_any_other(
    keys: str, line: int, key: str, said: str, write: Write, lines: Lines, refusal: Refusal
) -> None:
    path = write("a.yaml", lines({4: "    kind: bench", 5: keys}))
    (sentence,) = refusal(path).splitlines()
    assert sentence.startswith(f"{path}:{line}: {key}: {said}")


def test_the_model_of_a_plugin_may_be_plain_pydantic(write: Write, lines: Lines) -> None:
    experiment = load_experiment(write("a.yaml", lines({4: "    kind: plain", 5: "    port: COM7"})))
    assert isinstance(experiment.rig.board, PluginBoard)
    assert experiment.rig.board.settings == PlainKeys(port="COM7")


@pytest.mark.parametrize(
    ("keys", "line", "said"),
    [
        ("    port: LPT1", 5, "rig.board.port: found 'LPT1'; write text that matches ^COM[0-9]$"),
        ("    port: COM1\n    spam: 1", 6, "rig.board.spam: this key is not known here"),
        ("    port: COM1\n    half: 5", 6, "rig.board.half: found 5; input should be a valid dictionary"),
        (
            "    port: COM1\n    half: {side: up}",
            6,
            "rig.board.half.side: found a mapping with the keys side; ",
        ),
    ],
)
def test_a_mistake_against_plain_pydantic_is_told_as_well_as_pydantic_can(
    keys: str, line: int, said: str, write: Write, lines: Lines, refusal: Refusal
) -> None:
    path = write("a.yaml", lines({4: "    kind: plain", 5: keys}))
    (sentence,) = refusal(path).splitlines()
    assert sentence.startswith(f"{path}:{line}: {said}")


def test_an_unknown_kind_lists_what_is_installed(write: Write, lines: Lines, refusal: Refusal) -> None:
    path = write("a.yaml", lines({4: "    kind: plane"}))
    sentence = refusal(path)
    assert sentence.startswith(
        f"{path}:4: rig.board.kind: found 'plane'; allowed are simulated, firmware, bench"
    )
    assert "did you mean 'plain'" in sentence
    assert "labrig.boards" in sentence


def test_a_plugin_that_cannot_be_imported_says_why() -> None:
    with pytest.raises(ConfigError, match="'broken', whose plug-in pkg:broken cannot be imported: No module"):
        load_plugin("broken")
