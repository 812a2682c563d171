"""From a link's configuration to an open link."""

from labrig.config.links import LinkConfig, SerialLink
from labrig.links.base import Link


def open_link(config: LinkConfig) -> Link:
    """Open what a rig file describes.

    Raises
    ------
    LinkOpenError
        The port or resource cannot be opened.
    """
    if isinstance(config, SerialLink):
        from labrig.links.serial import open_serial

        return open_serial(config.port, config.baudrate)
    from labrig.links.visa import open_visa  # pyvisa is slow to import, and rarely needed

    return open_visa(config.resource, config.baudrate)
