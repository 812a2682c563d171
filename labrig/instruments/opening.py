"""From the configuration of a source-measure unit to one that can be used safely."""

from dataclasses import replace

from labrig.config.instruments import (
    AnySourceMeter,
    Keithley2400,
    Keithley2450,
    Keithley2600,
    KeysightB2900,
    SourceMeterConfig,
    YokogawaGS200,
)
from labrig.config.links import LinkConfig
from labrig.errors import ConfigError, LinkOpenError, LinkTimeout, ProtocolError
from labrig.instruments.base import CurrentSource, Metering, Setup, VoltageSource
from labrig.instruments.channel import Channel
from labrig.instruments.safe import Caps, SafeSourceMeter
from labrig.instruments.sharing import shared_link
from labrig.links.base import Link
from labrig.links.opening import open_link

_HANDSHAKE = 3.0


def open_source_meter(config: AnySourceMeter, link: LinkConfig | None = None) -> SafeSourceMeter:
    """Open a link, and see at once who is behind it; nothing of its output changes.

    Channels of one instrument that are reached by the same link share it.

    Parameters
    ----------
    link
        Another way to the instrument than the first one of the rig.

    Raises
    ------
    LinkOpenError
        Nothing answers, or another instrument does.
    """
    opened = shared_link(link or config.link, open_link)
    try:
        return meter_behind(config, opened)
    except BaseException:
        opened.close()
        raise


def meter_behind(config: AnySourceMeter, link: Link, *, slew: float | None = None) -> SafeSourceMeter:
    """See who is behind a link that is open.

    Parameters
    ----------
    slew
        V/s; None: as the rig has it.

    Raises
    ------
    LinkOpenError
        Nothing answers, or another instrument does.
    """
    caps = caps_of(config)
    limited = caps if slew is None else replace(caps, slew=slew)
    return SafeSourceMeter(_identified(config, link), limited)


def caps_of(config: SourceMeterConfig) -> Caps:
    """The tighter of model and rig."""
    can, limits = config.capabilities, config.limits
    current = can.most_amperes if limits.current is None else min(limits.current, can.most_amperes)
    return Caps(min(limits.voltage, can.most_volts), current, config.slew)


def setup_of(
    config: SourceMeterConfig, *, source: str | None = None, compliance: float | None = None
) -> Setup:
    """What a rig says of a channel, with what a command says instead.

    Parameters
    ----------
    source
        ``voltage`` or ``current``; None: as the rig has it.
    compliance
        A or V; None: as the rig has it.

    Raises
    ------
    ConfigError
        Nobody names a compliance.
    """
    caps = caps_of(config)
    if (source or config.source) == "current":
        limit = compliance or config.compliance_voltage or caps.volts
        return CurrentSource(limit, config.range_current, _metering(config, config.range_voltage))
    amperes = compliance or config.compliance_current
    if amperes is None:
        msg = "compliance_current: missing; a source of voltage needs a limit: name it in rig or command"
        raise ConfigError(msg)
    return VoltageSource(amperes, config.range_voltage, _metering(config, config.range_current))


def _metering(config: SourceMeterConfig, measured: float | None) -> Metering:
    return Metering(
        nplc=config.nplc,
        range=measured,
        four_wire=config.wires == 4,
        autozero=config.autozero,
        delay=config.delay,
        off_mode=config.off_mode,
        terminals=config.terminals,
    )


def _identified(config: AnySourceMeter, link: Link) -> Channel:
    try:
        channel = _connect(config, link)
    except (LinkTimeout, ProtocolError) as error:
        msg = f"{link.name}: nothing there answers as a {config.capabilities.title} does: {error}"
        raise LinkOpenError(msg) from error
    if config.serial_number not in (None, channel.identity.serial_number):
        msg = f"{link.name}: found {channel.identity}; the rig is for serial number {config.serial_number}"
        raise LinkOpenError(msg)
    return channel


def _connect(config: AnySourceMeter, link: Link) -> Channel:
    from labrig.instruments import keithley2400, keithley2450, keithley2600, keysight_b2900, yokogawa_gs200
    from labrig.instruments.scpi import ScpiSession

    scpi, tsp = ScpiSession(link), keithley2600.TspSession(link)
    with scpi.within(_HANDSHAKE), tsp.within(_HANDSHAKE):
        match config:
            case Keithley2400():
                return keithley2400.connect(scpi)
            case Keithley2450():
                return keithley2450.connect(scpi)
            case Keithley2600():
                return keithley2600.connect(tsp, config.model, config.channel)
            case KeysightB2900():
                return keysight_b2900.connect(scpi, config.channel)
            case YokogawaGS200():
                caps = caps_of(config)
                return yokogawa_gs200.connect(scpi, (caps.volts, caps.amperes))
