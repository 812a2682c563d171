"""Faults of the branches of a simulated board, by wiper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray
from labrig.boards.base import Program
from labrig.circuit.topology import Topology
from labrig.config.boards import DigipotElements, ElementsConfig, MemristorElements
from labrig.config.faults import (
    Aging,
    BitStuck,
    BranchFault,
    Fault,
    MemristorFault,
    Noisy,
    Open,
    Stuck,
    Unwritable,
    branch_faults,
    processor_faults,
)
from labrig.devices.parts import digipot
from labrig.errors import ConfigError
from labrig.sim.branches import TrueBranches, TrueContinuous, TrueDigipots

_CONTACT = 8
"""Place of the noise of bad contacts among the random streams of a seed."""


def check_no_processor(faults: Sequence[Fault]) -> None:
    """Whether a board that is no emulated microcontroller can have these faults.

    Raises
    ------
    ConfigError
        Some of them befall a processor.
    """
    if found := processor_faults(faults):
        msg = (
            f"faults: found {found[0].kind!r}, which only firmware on an emulated processor can have:"
            " remove it, or let target atmega2560 run the board"
        )
        raise ConfigError(msg)


def faults_by_wiper(
    faults: Sequence[Fault], topology: Topology, elements: ElementsConfig
) -> dict[int, BranchFault]:
    """What is wrong with which wiper of this network as the board has it.

    Raises
    ------
    ConfigError
        There is no such branch, or these elements cannot break like this.
    """
    wipers = {topology.branch_name(k): k for k in range(len(topology.branches))}
    found: dict[int, BranchFault] = {}
    for fault in branch_faults(faults):
        if fault.branch not in wipers:
            msg = f"faults: found branch {fault.branch!r}, which this network has not"
            raise ConfigError(msg)
        _check(fault, elements)
        found[wipers[fault.branch]] = fault
    return found


def _check(fault: BranchFault, elements: ElementsConfig) -> None:
    if isinstance(fault, MemristorFault) or isinstance(elements, MemristorElements):
        if not (isinstance(elements, MemristorElements) and isinstance(fault, MemristorFault | Open)):
            msg = (
                f"faults: {fault.branch} is {fault.kind}, but the elements are of kind {elements.kind!r};"
                " memristors, and only they, are stuck-on or stuck-off; they may also be open"
            )
            raise ConfigError(msg)
        return
    if not isinstance(elements, DigipotElements):
        if not isinstance(fault, Open | Aging):
            msg = f"faults: {fault.branch} is {fault.kind}; elements of kind 'ideal' can be 'open' or 'aging'"
            raise ConfigError(msg)
        return
    part = digipot(elements.part)
    if isinstance(fault, BitStuck) and fault.bit >= part.code_bits:
        msg = (
            f"faults: bit {fault.bit} of {fault.branch} is stuck; codes of {part.name} have {part.code_bits}"
        )
        raise ConfigError(msg)
    if isinstance(fault, Stuck) and fault.code > part.code_max:
        msg = (
            f"faults: {fault.branch} is stuck at {fault.code}; codes of {part.name} are 0 to {part.code_max}"
        )
        raise ConfigError(msg)


@dataclass(frozen=True, slots=True)
class BrokenBranches:
    """Branches of which some no longer follow their program."""

    sound: TrueDigipots | TrueContinuous
    broken: Mapping[int, BranchFault]
    seed: int

    @property
    def power_up(self) -> Program:
        """As if none were broken."""
        return self.sound.power_up

    @property
    def changing(self) -> bool:
        """Where one is noisy, ages or breaks later, or where the sound ones change."""
        return self.sound.changing or any(
            isinstance(fault, Noisy | Aging) or getattr(fault, "after", 0) > 0
            for fault in self.broken.values()
        )

    def conductances(self, program: Program, index: int) -> BranchArray:
        """Of the sound ones by their law, of the broken ones as they are broken, shape (B,), S."""
        found = self.sound.conductances(program, index).copy()
        for wiper, fault in self.broken.items():
            if not isinstance(fault, Unwritable) and index < fault.after:
                continue
            match fault:
                case Open(leak=leak):
                    found[wiper] = leak
                case Noisy(spread=spread):
                    stream = np.random.SeedSequence(self.seed, spawn_key=(_CONTACT, index, wiper))
                    found[wiper] *= np.exp(np.random.default_rng(stream).normal(0, spread))
                case Aging(rate=rate, after=after):
                    found[wiper] *= np.exp(rate * (index - after) / 1000)
                case _:
                    found[wiper] = _held(self.sound, wiper, fault, int(program.values[wiper]), index)
        return found

    def told(self, program: Program) -> Program:
        """What was written, but where no write is taken."""
        told = self.sound.told(program)
        kept = [wiper for wiper, fault in self.broken.items() if isinstance(fault, Unwritable)]
        told.values[kept] = self.power_up.values[kept]
        return told


def break_branches(
    branches: TrueDigipots | TrueContinuous, broken: Mapping[int, BranchFault], seed: int
) -> TrueBranches:
    """The same branches, some of them broken."""
    return BrokenBranches(branches, broken, seed) if broken else branches


def _held(
    branches: TrueDigipots | TrueContinuous, wiper: int, fault: BranchFault, code: int, index: int
) -> float:
    if isinstance(branches, TrueContinuous):
        return 0.0
    match fault:
        case Stuck(code=stuck):
            return branches.conductance(wiper, stuck, index)
        case BitStuck():
            return branches.conductance(wiper, as_taken(fault, code), index)
        case Unwritable():
            return branches.conductance(wiper, int(branches.power_up.values[wiper]), index)
        case _:
            return float(1 / branches.law.wiper[wiper])


def as_taken(fault: BitStuck, code: int) -> int:
    """Which code a wiper goes to where a bit of what is written has no effect."""
    bit = 1 << fault.bit
    return code | bit if fault.value else code & ~bit
