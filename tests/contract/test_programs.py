"""What is written is what the branches hold: read back, digested, and kept."""

import numpy as np
import pytest

from labrig.boards.base import BoardRequest, Codes, Conductances, Program, program_digest
from labrig.circuit.boundary import Boundary
from tests.support.contract import Subject, volts, with_values
from tests.support.network import INPUT_LINES


def test_a_program_is_read_back_and_has_its_digest(subject: Subject, rng: np.random.Generator) -> None:
    for _ in range(3):
        program = subject.program(rng)
        reply = subject.ask(program=program)
        assert reply.program is not None
        assert type(reply.program) is type(program)
        assert np.array_equal(reply.program.values, program.values)
        assert reply.digest == subject.board.digest() == program_digest(program)


def test_the_program_of_a_fresh_board_can_be_read(subject: Subject) -> None:
    reply = subject.ask()
    assert reply.program is not None
    assert reply.program.values.shape == (subject.board.info.branches,)
    assert reply.digest == program_digest(reply.program)


def test_an_exchange_without_a_program_keeps_the_one_before(
    subject: Subject, rng: np.random.Generator
) -> None:
    program = subject.program(rng)
    subject.ask(program=program)
    assert subject.ask(Boundary(volts(rng, INPUT_LINES))).digest == program_digest(program)


def test_an_exchange_may_only_write(subject: Subject, rng: np.random.Generator) -> None:
    program = subject.program(rng)
    reply = subject.board.exchange(BoardRequest([], program))
    assert reply.voltages.shape == reply.sources.shape == reply.saturated.shape == (0, 10)
    assert reply.program is None
    assert reply.digest == program_digest(program)


@pytest.mark.parametrize("changed", [0, 1, 4, 33])
def test_changing_few_branches_gives_what_writing_all_of_them_gives(
    subject: Subject, rng: np.random.Generator, changed: int
) -> None:
    old, new = subject.program(rng), subject.program(rng)
    few = old.values.copy()
    which = rng.permutation(33)[:changed]
    few[which] = new.values[which]
    target = with_values(old, few)
    state = Boundary(volts(rng, INPUT_LINES))
    subject.ask(program=old)
    by_few = subject.ask(state, program=target)
    subject.ask(program=inverse(subject, target))
    by_all = subject.ask(state, program=target)
    assert by_few.digest == by_all.digest == program_digest(target)
    assert np.array_equal(by_few.voltages, by_all.voltages)


def test_an_array_that_changes_later_is_no_write(subject: Subject, rng: np.random.Generator) -> None:
    program = subject.program(rng)
    kept = program.values.copy()
    state = Boundary(volts(rng, INPUT_LINES))
    reply = subject.ask(state, program=program)
    program.values[:] = subject.program(rng).values
    assert reply.program is not None
    reply.program.values[:] = 7
    again = subject.ask(state)
    assert again.program is not None
    assert np.array_equal(again.program.values, kept)
    assert np.array_equal(again.voltages, reply.voltages)
    assert subject.board.digest() == program_digest(with_values(program, kept))


def inverse(subject: Subject, program: Program) -> Program:
    """Another value on every branch."""
    if isinstance(program, Codes):
        return Codes((program.values + 1 + subject.codes_top // 2) % (subject.codes_top + 1))
    return Conductances(program.values * 1.5)
