"""Faults of the branches of a simulated board, by wiper."""

from collections.abc import Mapping, Sequence

import numpy as np

from labrig.circuit.topology import Topology
from labrig.config.boards import DigipotElements, ElementsConfig
from labrig.config.faults import (
    BranchFault,
    Fault,
    Open,
    Stuck,
    Unwritable,
    branch_faults,
    processor_faults,
)
from labrig.devices.parts import digipot
from labrig.errors import ConfigError
from labrig.sim.branches import BrokenBranches, TrueBranches, TrueContinuous, TrueDigipots


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
    if not isinstance(elements, DigipotElements):
        if not isinstance(fault, Open):
            msg = f"faults: {fault.branch} is {fault.kind}; elements of kind 'ideal' can only be 'open'"
            raise ConfigError(msg)
        return
    part = digipot(elements.part)
    if isinstance(fault, Stuck) and fault.code > part.code_max:
        msg = (
            f"faults: {fault.branch} is stuck at {fault.code}; codes of {part.name} are 0 to {part.code_max}"
        )
        raise ConfigError(msg)


def break_branches(
    branches: TrueDigipots | TrueContinuous, broken: Mapping[int, BranchFault]
) -> TrueBranches:
    """The same branches, some of them broken."""
    if not broken:
        return branches
    held = {k: _held(branches, k, fault) for k, fault in broken.items()}
    kept = [k for k, fault in broken.items() if isinstance(fault, Unwritable)]
    return BrokenBranches(branches, held, kept)


def _held(branches: TrueDigipots | TrueContinuous, wiper: int, fault: BranchFault) -> float:
    if isinstance(fault, Open) or isinstance(branches, TrueContinuous):
        return 0.0
    if isinstance(fault, Unwritable):
        return float(branches.conductances(branches.power_up)[wiper])
    if isinstance(fault, Stuck):
        return float(1 / branches.resistances(np.array([wiper]), np.array([fault.code]))[0])
    return float(1 / branches.law.wiper[wiper])
