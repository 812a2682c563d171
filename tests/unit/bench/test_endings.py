"""Contexts that act when they are left, and signals that leave them."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import FrameType

import pytest

from labrig.bench.endings import afterwards, end_if_told, signals_unwind, undisturbed
from labrig.errors import BoardFault, LinkTimeout


def failing(words: str, done: list[str]) -> Callable[[], None]:
    def act() -> None:
        done.append(words)
        raise LinkTimeout(words)

    return act


def leave_by(error: BaseException | None, *actions: Callable[[], None]) -> None:
    with ExitStack() as stack:
        for action in actions:
            stack.enter_context(afterwards(action))
        if error is not None:
            raise error


def test_it_acts_in_reverse_order_when_nothing_went_wrong() -> None:
    done: list[str] = []
    leave_by(None, lambda: done.append("first opened"), lambda: done.append("then opened"))
    assert done == ["then opened", "first opened"]


def test_everything_is_attempted_and_no_failure_is_lost() -> None:
    done: list[str] = []
    with pytest.raises(LinkTimeout, match="third") as failed:
        leave_by(None, failing("first", done), failing("second", done), failing("third", done))
    assert done == ["third", "second", "first"]
    assert failed.value.__notes__ == ["second", "first"]


def test_failures_on_the_way_become_notes_of_the_error_that_is_on_its_way() -> None:
    done: list[str] = []
    with pytest.raises(BoardFault, match="what went wrong") as failed:
        leave_by(BoardFault("what went wrong"), failing("closing", done), failing("making safe", done))
    assert done == ["making safe", "closing"]
    assert failed.value.__notes__ == ["making safe", "closing"]


def test_a_failure_is_said_once() -> None:
    done: list[str] = []
    with pytest.raises(BoardFault) as failed:
        leave_by(
            BoardFault("gone"), failing("silence", done), failing("silence", done), failing("gone", done)
        )
    assert failed.value.__notes__ == ["silence"]


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), SystemExit(143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_program_that_was_told_to_end_ends_with_the_failure_instead(ending: BaseException) -> None:
    done: list[str] = []
    with pytest.raises(LinkTimeout, match="making safe") as failed:
        leave_by(ending, failing("closing", done), failing("making safe", done))
    assert done == ["making safe", "closing"]
    assert failed.value.__context__ is ending
    assert failed.value.__notes__ == ["closing"]


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), SystemExit(143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_program_that_was_told_to_end_does_so_where_nothing_fails(ending: BaseException) -> None:
    done: list[str] = []
    with pytest.raises(type(ending)):
        leave_by(ending, lambda: done.append("closed"))
    assert done == ["closed"]


@pytest.fixture(params=[signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def ending(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    number: signal.Signals = request.param
    before = signal.signal(number, signal.SIG_DFL)
    yield number
    signal.signal(number, before)


def test_a_signal_leaves_every_context_in_order(ending: signal.Signals) -> None:
    done: list[str] = []
    with pytest.raises(SystemExit) as left, signals_unwind(), afterwards(lambda: done.append("safe")):
        signal.raise_signal(ending)
    assert left.value.code == 128 + ending
    assert done == ["safe"]
    assert signal.getsignal(ending) is signal.SIG_DFL


def test_once_on_the_way_to_safe_a_second_signal_changes_nothing(ending: signal.Signals) -> None:
    done: list[str] = []

    def make_safe() -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
        done.append("safe")

    with pytest.raises(SystemExit), signals_unwind(), afterwards(make_safe):
        signal.raise_signal(ending)
    assert done == ["safe"]


def test_a_signal_whose_exception_got_lost_ends_the_program_all_the_same(ending: signal.Signals) -> None:
    done: list[str] = []

    def steps() -> None:
        with contextlib.suppress(SystemExit):
            signal.raise_signal(ending)
        done.append("went on")
        end_if_told()
        done.append("next step")

    with pytest.raises(SystemExit) as left, signals_unwind():
        steps()
    assert left.value.code == 128 + ending
    assert done == ["went on"]
    with pytest.raises(SystemExit), signals_unwind(), contextlib.suppress(SystemExit):
        signal.raise_signal(ending)
    end_if_told()


def test_a_signal_that_is_handled_or_ignored_already_stays_so(ending: signal.Signals) -> None:
    seen: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        seen.append(number)

    for handler in (signal.SIG_IGN, note):
        signal.signal(ending, handler)
        with signals_unwind():
            signal.raise_signal(ending)
        assert signal.getsignal(ending) is handler
    assert seen == [ending]


def test_in_another_thread_signals_are_left_alone(ending: signal.Signals) -> None:
    found: list[object] = []

    def work() -> None:
        with signals_unwind():
            found.append(signal.getsignal(ending))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.SIG_DFL]


def test_an_undisturbed_block_is_done_as_a_whole(ending: signal.Signals) -> None:
    done: list[str] = []

    def commit() -> None:
        with undisturbed():
            with undisturbed():
                signal.raise_signal(ending)
                signal.raise_signal(signal.SIGINT)
                done.append("inner")
            done.append("outer")
        done.append("went on")

    with pytest.raises(SystemExit) as left, signals_unwind():
        commit()
    assert left.value.code == 128 + ending
    assert done == ["inner", "outer"]
    with pytest.raises(KeyboardInterrupt), undisturbed():
        pass


def test_ctrl_c_waits_for_the_end_of_an_undisturbed_block_too() -> None:
    done: list[str] = []

    def commit() -> None:
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            done.append("committed")
        done.append("went on")

    with pytest.raises(KeyboardInterrupt), signals_unwind():
        commit()
    assert done == ["committed"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_block_in_another_thread_holds_no_signal_back(ending: signal.Signals) -> None:
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        with undisturbed():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    try:
        with pytest.raises(SystemExit), signals_unwind():
            signal.raise_signal(ending)
    finally:
        leave.set()
        thread.join()
