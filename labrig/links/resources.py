"""Which VISA resources this machine can reach, and who is behind them."""

import warnings
from dataclasses import dataclass

import pyvisa

from labrig.arrays import Seconds
from labrig.errors import LinkError
from labrig.links.locks import holder_of
from labrig.links.visa import open_visa

_ANSWER: Seconds = 1.0


@dataclass(frozen=True, slots=True)
class Resource:
    """A VISA resource."""

    name: str
    identity: str | None
    """What it answers to ``*IDN?``; None where it was not asked, or did not answer."""
    holder: str | None = None
    """Which labrig process has it."""
    problem: str = ""
    """Why nothing is known of it."""


def visa_resources() -> list[str]:
    """Names of all instruments that VISA finds by itself; serial ports and sockets are none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyvisa-py says which discovery packages are not installed
        found = pyvisa.ResourceManager("@py").list_resources("?*::INSTR")
    return [name for name in found if not name.upper().startswith("ASRL")]


def ask(name: str) -> Resource:
    """Ask who is behind a resource; a question that changes nothing (IEEE 488.2, 10.14)."""
    if (holder := holder_of(name)) is not None:
        return Resource(name, None, holder)
    try:
        link = open_visa(name)
    except LinkError as error:
        return Resource(name, None, problem=str(error))
    try:
        link.write(b"*IDN?\n")
        answer = link.read_until(b"\n", timeout=_ANSWER)
    except LinkError as error:
        return Resource(name, None, problem=str(error))
    finally:
        link.close()
    return Resource(name, answer.decode("ascii", "replace").strip())
