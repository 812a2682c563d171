"""What a board reads is what the circuit does: each boundary of an exchange, against the exact solution."""

import numpy as np

from labrig.boards.base import BoardRequest, Program
from labrig.circuit.boundary import Boundary, ThroughConductance, TowardTarget
from tests.support.contract import FLOATS, Subject, volts
from tests.support.network import HIDDEN_LINES, INPUT_LINES, OUTPUT_LINES

LINES = [*INPUT_LINES, *OUTPUT_LINES, *HIDDEN_LINES]
EVERY_DRIVER = [*INPUT_LINES, *OUTPUT_LINES]


def assert_reads(subject: Subject, program: Program, boundaries: list[Boundary], slack: float = 0.0) -> None:
    """Program and boundaries in one exchange; the readings, in the order asked for, are the circuit's."""
    reply = subject.ask(*boundaries, program=program)
    exact = subject.exact(program, boundaries)
    assert reply.voltages.shape == exact.shape
    assert np.abs(reply.voltages - exact).max() <= subject.tolerance + slack


def test_free_and_clamped_states_of_many_programs(subject: Subject, rng: np.random.Generator) -> None:
    for _ in range(5):
        samples = [(volts(rng, INPUT_LINES), volts(rng, OUTPUT_LINES)) for _ in range(3)]
        boundaries = [
            boundary for inputs, y in samples for boundary in (Boundary(inputs), Boundary(inputs | y))
        ]
        assert_reads(subject, subject.program(rng), boundaries)


def test_a_line_that_is_not_named_floats_input_or_output(subject: Subject, rng: np.random.Generator) -> None:
    boundaries = [Boundary(volts(rng, EVERY_DRIVER))]
    boundaries += [
        Boundary(volts(rng, rng.permutation(EVERY_DRIVER)[:count].tolist())) for count in (6, 4, 2, 1)
    ]
    assert_reads(subject, subject.program(rng), boundaries)


def test_more_states_than_a_frame_holds(subject: Subject, rng: np.random.Generator) -> None:
    boundaries = [Boundary(volts(rng, rng.permutation(EVERY_DRIVER)[:4].tolist())) for _ in range(60)]
    assert_reads(subject, subject.program(rng), boundaries)


def test_every_line_reads_zero_where_nothing_is_driven(subject: Subject, rng: np.random.Generator) -> None:
    reply = subject.ask(Boundary({0: 3.0}), Boundary({}), program=subject.program(rng))
    assert np.array_equal(reply.voltages[1], np.zeros(10))
    assert np.isnan(reply.sources[1]).all()


def test_nudges_through_a_conductance(nudging: Subject, rng: np.random.Generator) -> None:
    for siemens in sorted({nudging.nudgeable(asked) for asked in (2e-6, 30e-6, 1e-3)}):
        inputs = volts(rng, INPUT_LINES)
        nudges = {line: ThroughConductance(y, siemens) for line, y in volts(rng, OUTPUT_LINES[:2]).items()}
        boundaries = [
            Boundary(inputs),
            Boundary(inputs, nudges=nudges),
            Boundary({**inputs, OUTPUT_LINES[2]: 1.25}, nudges=nudges),
        ]
        assert_reads(nudging, nudging.program(rng), boundaries)


def test_injected_currents(injecting: Subject, rng: np.random.Generator) -> None:
    program = injecting.program(rng)
    inputs = volts(rng, INPUT_LINES, 1.5, 2.5)
    strongest = 1.0 / injecting.resistance(program)
    boundaries = [
        Boundary(inputs, {line: float(rng.uniform(-strongest, strongest)) for line in OUTPUT_LINES}),
        Boundary({**inputs, OUTPUT_LINES[0]: 1.0}, {OUTPUT_LINES[1]: strongest}),
    ]
    rounding = 0.5e-12 * len(OUTPUT_LINES) * injecting.resistance(program)
    assert_reads(injecting, program, boundaries, slack=rounding)


def test_a_nudge_starts_from_what_was_read_in_the_state_that_it_names(
    nudging: Subject, rng: np.random.Generator
) -> None:
    for fraction in (1.0, 0.5, 3 / 16384, -0.25, 1.5):
        samples = [volts(rng, INPUT_LINES, 1.2, 2.8) for _ in range(3)]
        targets = [volts(rng, OUTPUT_LINES, 1.2, 2.8) for _ in range(3)]
        free = [Boundary(inputs) for inputs in samples]
        # The first free state has two followers, the second none, and the last one comes in between.
        follows = {3: 0, 5: 4, 6: 0}
        boundaries = [*free[:2], Boundary({0: 1.0}), nudged(samples[0], targets[0], fraction, 0), free[2]]
        boundaries += [
            nudged(samples[2], targets[2], fraction, 4),
            nudged(samples[0], targets[1], fraction, 0),
        ]
        program = nudging.program(rng)
        reply = nudging.ask(*boundaries, program=program)
        clamped = [
            Boundary({**b.voltages, **aimed(b, reply.voltages[follows[k]])}) if k in follows else b
            for k, b in enumerate(boundaries)
        ]
        # A clamp's level: the target to half a step of the DAC, the sum to half a step of it.
        rounding = abs(fraction) * nudging.dac_step / 2 * 1.001
        error = np.abs(reply.voltages - nudging.exact(program, clamped))
        assert error.max() <= nudging.tolerance + rounding
        drivers = np.array([[b.voltages.get(line, np.nan) for line in LINES] for b in clamped])
        assert np.array_equal(np.isnan(reply.sources), np.isnan(drivers))
        assert np.nanmax(np.abs(reply.sources - drivers)) <= nudging.tolerance + rounding


def nudged(inputs: dict[int, float], targets: dict[int, float], fraction: float, reference: int) -> Boundary:
    return Boundary(
        inputs, nudges={line: TowardTarget(y, fraction, reference) for line, y in targets.items()}
    )


def aimed(boundary: Boundary, x: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> dict[int, float]:
    """Level of each clamp by definition: x + fraction (target − x)."""
    return {
        line: float(x[line] + nudge.fraction * (nudge.target - x[line]))
        for line, nudge in boundary.nudges.items()
        if isinstance(nudge, TowardTarget)
    }


def test_sources_are_read_on_the_drivers_side(subject: Subject, rng: np.random.Generator) -> None:
    boundaries = [Boundary(volts(rng, INPUT_LINES)), Boundary(volts(rng, [0, 3, 5])), Boundary({})]
    asked = np.array([[b.voltages.get(line, np.nan) for line in LINES] for b in boundaries])
    reply = subject.ask(*boundaries, program=subject.program(rng))
    assert np.array_equal(np.isnan(reply.sources), np.isnan(asked))
    assert np.nanmax(np.abs(reply.sources - asked)) <= subject.tolerance
    drop = np.nanmax(np.abs(reply.sources - reply.voltages))
    assert drop > 2 * subject.tolerance if subject.board.info.drive else drop <= FLOATS


def test_the_source_of_a_nudge_is_its_target(nudging: Subject, rng: np.random.Generator) -> None:
    line = OUTPUT_LINES[0]
    nudge = ThroughConductance(2.0, nudging.nudgeable(1e-6))
    reply = nudging.ask(Boundary({0: 1.0}, nudges={line: nudge}), program=nudging.program(rng))
    assert np.flatnonzero(~np.isnan(reply.sources[0])).tolist() == [0, line]
    assert abs(reply.sources[0, line] - 2.0) <= nudging.tolerance


def test_a_current_has_no_source_to_be_read(injecting: Subject, rng: np.random.Generator) -> None:
    boundary = Boundary({0: 1.0}, {OUTPUT_LINES[1]: 1e-6})
    reply = injecting.ask(boundary, program=injecting.program(rng))
    assert np.flatnonzero(~np.isnan(reply.sources[0])).tolist() == [0]


def test_sources_that_nobody_asked_for_are_unknown(subject: Subject) -> None:
    reply = subject.board.exchange(BoardRequest([Boundary({0: 1.0})]))
    assert np.isnan(reply.sources).all()


def test_readings_at_a_rail_are_flagged_and_no_others(subject: Subject, rng: np.random.Generator) -> None:
    levels = (0.0, 0.02, 0.08, 2.0, 4.0, 4.08, 4.6)
    boundaries = [Boundary(dict.fromkeys(EVERY_DRIVER, level)) for level in levels]
    reply = subject.ask(*boundaries, program=subject.program(rng))
    adc = subject.board.info.adc
    # All drivers at one level: every line is at it, within rounding. The rails' 1 % are 0.041 V.
    at_rail = [adc is not None and not 0.041 < level < 4.055 for level in levels]
    assert np.array_equal(reply.saturated, np.array([[flag] * 10 for flag in at_rail]))
    read = np.minimum(levels, adc.span) if adc else np.array(levels)
    assert np.abs(reply.voltages - read[:, np.newaxis]).max() <= subject.tolerance


def test_a_mean_of_noiseless_scans_is_one_of_them(subject: Subject, rng: np.random.Generator) -> None:
    boundaries = [Boundary(volts(rng, INPUT_LINES)), Boundary(volts(rng, EVERY_DRIVER))]
    once = subject.ask(*boundaries, program=subject.program(rng))
    for averages in (2, 3, subject.board.info.max_averages):
        mean = subject.ask(*boundaries, averages=averages)
        np.testing.assert_allclose(mean.voltages, once.voltages, rtol=0, atol=FLOATS)
        np.testing.assert_allclose(mean.sources, once.sources, rtol=0, atol=FLOATS)
