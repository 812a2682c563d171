"""Lua, as the instrument runs it: chunks as coroutines that take time, errors as entries of its queue.

The only place that touches the binding, whose objects have no types.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.resources import files
from typing import Any

_PRELUDE = "prelude.lua"
_DIALECTS = ("lupa.luajit21", "lupa.luajit20", "lupa.lua51")
"""Lua 5.1 all of them; where it is built, LuaJIT also lets time pass inside `pcall`."""


def _dialect() -> Any:
    for name in _DIALECTS:
        try:
            return import_module(name)
        except ImportError:
            continue
    msg = "lupa has no Lua 5.1; install it anew: pip install --force-reinstall lupa"
    raise ImportError(msg)


_lua = _dialect()


class ScriptError(Exception):
    """What ends a chunk, as the error queue has it."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number = number
        self.text = text


class Interpreter:
    """One Lua state with the instrument's tables in it.

    Parameters
    ----------
    host
        What the prelude asks of the instrument, by name.
    """

    def __init__(self, host: Mapping[str, Callable[..., Any] | int]) -> None:
        self._raised: ScriptError | None = None
        self._state: Any = _lua.LuaRuntime(
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_nothing,
        )
        globals_ = self._state.globals()
        globals_["python"] = None
        wrapped = {name: self._guarded(ask) if callable(ask) else ask for name, ask in host.items()}
        globals_["host"] = self.table(wrapped)
        globals_["host"]["compile"] = self._guarded(self.compile)
        self._host = globals_["host"]
        prelude = files(__package__ or "").joinpath(_PRELUDE).read_text(encoding="utf-8")
        self._state.execute(prelude)
        globals_["host"] = None

    def table(self, entries: Mapping[str, Any]) -> Any:
        """A Lua table of these entries."""
        return self._state.table_from(dict(entries))

    def compile(self, source: str, name: str) -> Any:
        """A function out of a chunk.

        Raises
        ------
        ScriptError
            -285, with Lua's own message.
        """
        try:
            return self._state.compile(source)
        except _lua.LuaSyntaxError as error:
            raise ScriptError(-285, f"TSP Syntax error at line 1: {_message(error, name)}") from error

    def load(self, source: str, name: str | None) -> Any:
        """Make a script of a name, or the anonymous one.

        Raises
        ------
        ScriptError
            -285.
        """
        self.compile(source, name or "anonymous")
        made = self._state.globals().script.new(source, name)
        if name is None:
            self._state.globals().script.anonymous = made
        return made.run

    def begin(self, function: Any) -> None:
        """Begin a function; what was running is forgotten."""
        self._host.begin(function)

    def step(self) -> float | None:
        """Go on with it until it takes time, and how much; None: it has ended.

        Raises
        ------
        ScriptError
            It failed.
        """
        self._raised = None
        fine, value, ended = self._host.step()
        if not fine:
            raise self._failure(value)
        return None if ended else float(value)

    def has_pending(self) -> bool:
        """Whether something goes on that nobody waits for."""
        return bool(self._host.has_pending())

    def drop_pending(self) -> None:
        """Break off what nobody waits for."""
        self._host.drop_pending()

    @property
    def finish_pending(self) -> Any:
        """A function that ends once nothing goes on any more."""
        return self._host.finish_pending

    def _guarded(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        """A call whose refusal is remembered: Lua hands on its text alone."""

        def asked(*arguments: Any) -> Any:
            try:
                return ask(*arguments)
            except ScriptError as error:
                self._raised = error
                raise

        return asked

    def _failure(self, value: Any) -> ScriptError:
        raised, self._raised = self._raised, None
        if raised is not None:
            return raised
        if _lua.lua_type(value) == "table":
            return ScriptError(int(value["number"]), str(value["text"]))
        return ScriptError(-286, f"TSP Runtime error at line 1: {_message(value, 'chunk')}")


def _message(error: object, name: str) -> str:
    text = str(error).replace('[string "<python>"]:1:', "").replace("error loading code: ", "")
    return f"{text.strip()} ({name})"


def _nothing(_: object, __: object, ___: bool) -> object:
    """Scripts reach no attribute of any Python object."""
    msg = "not for scripts"
    raise AttributeError(msg)
