"""The thread that owns a link: jobs in order, heartbeats in between while the lease lasts."""

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from labrig.boards import owner as module
from labrig.boards.owner import Owner
from labrig.errors import BoardFault, LinkClosed, LinkTimeout

PATIENCE = 20.0
"""Seconds for which a test waits for what must come; far more than it takes."""
PERIOD = 0.01


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


class Beats:
    """Counts heartbeats, and fails where told to."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.error: Exception | None = None

    def __call__(self) -> None:
        self.times.append(time.monotonic())
        if self.error is not None:
            raise self.error


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> Beats:
    monkeypatch.setattr(module, "PERIOD", PERIOD)
    return Beats()


@pytest.fixture
def owner(beats: Beats) -> Iterator[Owner]:
    owner = Owner("port7", beats)
    yield owner
    owner.stop()


def test_jobs_run_one_after_the_other_in_one_thread_and_give_their_results(owner: Owner) -> None:
    threads = {owner.call(threading.get_ident) for _ in range(5)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert [owner.call(partial(pow, k, 2)) for k in range(4)] == [0, 1, 4, 9]


def test_the_error_of_a_job_is_raised_where_it_was_asked_for_and_the_next_job_runs(owner: Owner) -> None:
    def fail() -> None:
        msg = "a fault"
        raise BoardFault(msg)

    with pytest.raises(BoardFault, match="a fault"):
        owner.call(fail)
    assert owner.call(lambda: 3) == 3


def test_without_being_told_that_the_board_is_armed_nothing_beats(owner: Owner, beats: Beats) -> None:
    owner.renew(PATIENCE)
    time.sleep(10 * PERIOD)
    assert not owner.is_beating
    assert beats.times == []


def test_heartbeats_go_on_between_jobs_until_the_lease_runs_out(owner: Owner, beats: Beats) -> None:
    lease = 0.3
    owner.renew(lease)
    end = time.monotonic() + lease
    owner.call(owner.start_beating)
    wait_until(lambda: len(beats.times) >= 3)
    wait_until(lambda: not owner.is_beating)
    wait_until(lambda: time.monotonic() > end + 5 * PERIOD)
    beaten = len(beats.times)
    time.sleep(10 * PERIOD)
    assert len(beats.times) == beaten, "a hung main loop must trip the board"


def test_a_lease_that_is_renewed_does_not_run_out_and_a_shorter_one_does_not_end_a_longer_one(
    owner: Owner, beats: Beats
) -> None:
    owner.renew(PATIENCE)
    owner.renew(0.0)
    owner.call(owner.start_beating)
    wait_until(lambda: len(beats.times) >= 5)
    assert owner.is_beating


def test_disarmed_means_no_more_heartbeats(owner: Owner, beats: Beats) -> None:
    owner.renew(PATIENCE)
    owner.call(owner.start_beating)
    wait_until(lambda: len(beats.times) >= 1)
    owner.call(owner.stop_beating)
    beaten = len(beats.times)
    time.sleep(10 * PERIOD)
    assert len(beats.times) == beaten


def test_a_heartbeat_that_fails_is_the_last_and_leaves_the_word_to_the_next_job(
    owner: Owner, beats: Beats
) -> None:
    beats.error = LinkTimeout("silence")
    owner.renew(PATIENCE)
    owner.call(owner.start_beating)
    wait_until(lambda: len(beats.times) == 1)
    time.sleep(10 * PERIOD)
    assert len(beats.times) == 1
    assert owner.call(lambda: "still there") == "still there"


def test_after_a_bug_in_a_heartbeat_nobody_waits_for_ever(
    owner: Owner, beats: Beats, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[type[BaseException]] = []

    def note(found: threading.ExceptHookArgs) -> None:
        shown.append(found.exc_type)

    monkeypatch.setattr(threading, "excepthook", note)
    beats.error = ZeroDivisionError("a bug")
    owner.renew(PATIENCE)
    owner.call(owner.start_beating)
    wait_until(lambda: shown == [ZeroDivisionError])
    with pytest.raises(LinkClosed, match="port7 is closed"):
        owner.call(lambda: None)
    owner.stop()


def test_after_stop_a_call_is_refused_and_stop_once_more_is_fine(owner: Owner) -> None:
    owner.stop()
    with pytest.raises(LinkClosed, match="port7 is closed: open the board again"):
        owner.call(lambda: None)
    owner.stop()


def test_an_interrupt_comes_through_only_after_the_job_has_run_to_its_end(owner: Owner) -> None:
    ran: list[str] = []
    main = threading.main_thread().ident
    assert main is not None

    def interrupted() -> None:
        signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.1)
        ran.append("to its end")

    with pytest.raises(KeyboardInterrupt):
        owner.call(interrupted)
    assert ran == ["to its end"]
    assert owner.call(lambda: 1) == 1


def test_a_job_that_can_stop_early_sees_that_its_caller_was_told_to_end(owner: Owner) -> None:
    main = threading.main_thread().ident
    assert main is not None
    stopped: list[bool] = []

    def until_unwanted() -> None:
        signal.pthread_kill(main, signal.SIGINT)
        wait_until(lambda: owner.is_unwanted)
        stopped.append(True)

    with pytest.raises(KeyboardInterrupt):
        owner.call(until_unwanted)
    assert stopped == [True]
    assert owner.call(lambda: owner.is_unwanted) is False


class _SignalAfterHandingOver(queue.SimpleQueue[Any]):
    """Ctrl-C at the worst moment: the job is handed over, nobody waits for it yet."""

    def __init__(self) -> None:
        self._has_struck = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        super().put(item, block, timeout)
        if item is not None and not self._has_struck:
            self._has_struck = True
            raise KeyboardInterrupt


def test_a_signal_while_a_job_is_handed_over_waits_for_its_end_too() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "SimpleQueue", _SignalAfterHandingOver)
        owner = Owner("interrupted", lambda: None)
    runs: list[bool] = []

    def until_unwanted() -> None:
        wait_until(lambda: owner.is_unwanted)
        runs.append(True)

    with pytest.raises(KeyboardInterrupt):
        owner.call(until_unwanted)
    assert runs == [True]
    owner.call(lambda: None)
    owner.stop()
    assert runs == [True], "handed over twice, carried out once"
