"""A source-measure unit that is open, guarded, and off again however its block is left."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from labrig.bench.endings import signals_unwind, undisturbed
from labrig.bench.guard import LEASE, Guard, guarded
from labrig.bench.live import live
from labrig.bench.rescue import made_safe_by_any_link
from labrig.config.instruments import AnySourceMeter
from labrig.config.rig import MeterRig
from labrig.errors import SafetyError
from labrig.instruments.opening import open_source_meter
from labrig.instruments.safe import SafeSourceMeter


@dataclass(frozen=True, slots=True)
class Metered:
    """Open source-measure units by name, and the guard that has to be told that all is well."""

    meters: Mapping[str, SafeSourceMeter]
    guard: Guard


@contextmanager
def metered(configs: Mapping[str, AnySourceMeter]) -> Generator[Metered]:
    """Open instruments and a guard for them; leaving the block turns every output off.

    Where the link to an instrument is lost, it is opened again, and then its fallbacks are tried.

    Raises
    ------
    LinkOpenError
        An instrument cannot be reached.
    SafetyError
        An output is on still, as far as anybody can tell.
    """
    with ExitStack() as stack:
        stack.enter_context(signals_unwind())
        stack.enter_context(live(MeterRig(source_meters=dict(configs))))
        meters: dict[str, SafeSourceMeter] = {}
        guard = stack.enter_context(guarded(configs))
        for name, config in configs.items():
            meters[name] = open_source_meter(config)
            guard.on_watch.add(name)
            stack.enter_context(_off_afterwards(meters[name], config, name, guard))
        yield Metered(meters, guard)


@contextmanager
def _off_afterwards(
    meter: SafeSourceMeter, config: AnySourceMeter, name: str, guard: Guard
) -> Generator[None]:
    try:
        yield
    finally:
        with undisturbed():
            with suppress(SafetyError):
                guard.renew(2 * meter.off_within + LEASE)
            _turn_off(meter, config)
            guard.on_watch.discard(name)


def _turn_off(meter: SafeSourceMeter, config: AnySourceMeter) -> None:
    try:
        meter.make_safe()
    except SafetyError:
        meter.close()
        made_safe_by_any_link(config)
    else:
        meter.close()
