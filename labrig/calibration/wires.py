"""Resistances of a crossbar's lines from what flows into all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray, IntArray, Siemens, Volts
from labrig.circuit.wires import Mesh

_ROUNDS = 60
_SETTLED = 1e-6
"""Relative change of the sum of squares at which the fit ends."""
_VAGUE = 5.0
"""Standard deviation of the logarithm of what is fitted, about its guess, beyond what the readings say: it
keeps an open branch and a line that cannot be told from running away, and weighs nothing else."""
_LONGEST = 2.0
"""Change of a logarithm in one round."""


@dataclass(frozen=True, slots=True)
class WireReadings:
    """Differences of M pairs of states of one program, in which every line is driven.

    Parameters
    ----------
    volts
        Of the lines, shape (M, N), V.
    currents
        Into the lines, shape (M, N), A.
    guess
        What the branches may conduct, shape (B,), S.
    """

    volts: FloatArray
    currents: FloatArray
    guess: FloatArray


@dataclass(frozen=True, slots=True)
class WireFit:
    """Resistances of pieces of wire.

    Parameters
    ----------
    resistances, uncertainties
        Shape (K,), ohm; the second are standard.
    misfit
        What the readings are off, over their noise.
    """

    resistances: FloatArray
    uncertainties: FloatArray
    misfit: float


def fit_wires(
    mesh: Mesh,
    kind: IntArray,
    guess: FloatArray,
    programs: Sequence[WireReadings],
    through: Siemens,
    noise: Volts,
) -> WireFit:
    """Least squares by Levenberg and Marquardt, in logarithms, of what flows into the lines.

    The network between the lines' ends has (N - 1) N / 2 admittances, and the branches of a crossbar are
    fewer: lines without resistance would let no current from row to row. That tells the wires from the
    branches, whose conductances under each program are unknowns as well. It tells them well where these are
    far from a product of what each row and each column has, so that half of the branches, drawn at random,
    should conduct and the others not.

    Derivatives come from the circuit itself: of an admittance by a conductance, the product of what the two
    terminals drop over it (as in an adjoint network, Director and Rohrer, IEEE Trans. Circuit Theory 16
    (1969) 318).

    Parameters
    ----------
    kind
        Which of K resistances each piece of wire has, shape (E,).
    guess
        The resistances to begin with, shape (K,), ohm.
    through
        Of a drive resistor, by which currents are read, S.
    noise
        Standard deviation of a difference of two readings, V.
    """
    unknown = _Unknown(kind, len(guess), len(programs[0].guess), len(programs))
    start = np.log(np.concatenate([*(program.guess for program in programs), guess]))
    now = start.copy()

    def surface(at: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Sum of squares at a point, and its gradient and curvature, halved."""
        away = (at - start) / _VAGUE
        cost = float(away @ away)
        slope, curvature = -away / _VAGUE, np.eye(len(at)) / _VAGUE**2
        for k, program in enumerate(programs):
            which, spread = unknown.of_program(k)
            found = _squares(mesh, np.exp(at[which]), unknown.branches, program, through)
            cost += found[0] / noise**2
            slope[spread] += unknown.gathered(found[1]) / noise**2
            curvature[np.ix_(spread, spread)] += unknown.gathered(unknown.gathered(found[2]).T) / noise**2
        return cost, slope, curvature

    cost, slope, curvature = surface(now)
    damping = 1e-3
    for _ in range(_ROUNDS):
        step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), slope)
        tried = now + step.clip(-_LONGEST, _LONGEST)
        found = surface(tried)
        if found[0] > cost:
            damping *= 10
            if damping > 1e8:
                break
            continue
        settled = cost - found[0] < _SETTLED * cost
        now, damping = tried, max(damping / 10, 1e-12)
        cost, slope, curvature = found
        if settled:
            break
    away = (now - start) / _VAGUE
    left = sum(program.volts.size for program in programs) - len(now)
    misfit = float(np.sqrt((cost - float(away @ away)) / max(left, 1)))
    variances = np.diag(np.linalg.inv(curvature))[-len(guess) :]
    resistances: FloatArray = np.exp(now[-len(guess) :])
    return WireFit(resistances, resistances * misfit * np.sqrt(variances), misfit)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """Where the unknowns lie: the branches of each program, then the resistances, which all of them share."""

    kind: IntArray
    resistances: int
    branches: int
    programs: int

    def of_program(self, k: int) -> tuple[IntArray, IntArray]:
        """Unknown of each branch and piece of wire; and which unknowns occur, each once."""
        own = np.arange(k * self.branches, (k + 1) * self.branches)
        shared = np.arange(self.resistances) + self.programs * self.branches
        return np.concatenate([own, shared[self.kind]]), np.concatenate([own, shared])

    def gathered(self, values: FloatArray) -> FloatArray:
        """Sum what belongs to one unknown, along the first axis: branches stand for themselves."""
        pieces = np.zeros((self.resistances, *values.shape[1:]))
        np.add.at(pieces, self.kind, values[self.branches :])
        return np.concatenate([values[: self.branches], pieces])


def _squares(
    mesh: Mesh, values: FloatArray, branches: int, program: WireReadings, through: Siemens
) -> tuple[float, FloatArray, FloatArray]:
    """Sum of squares, in variances of readings that are uncertain by 1 V; gradient (downhill) and curvature.

    Both are halved, and by the logarithm of each element.

    Parameters
    ----------
    values
        Conductances of branches, S, then resistances of pieces of wire, ohm.
    """
    conductances = values.copy()
    conductances[branches:] = 1 / values[branches:]
    admittances, drops = mesh.seen(conductances)
    at_line = admittances + through * np.eye(len(admittances))
    whiten = np.linalg.inv(np.linalg.cholesky(at_line @ at_line.T + through**2 * np.eye(len(at_line))))
    residuals = (program.currents - program.volts @ admittances.T) @ whiten.T
    signed = conductances.copy()
    signed[branches:] *= -1  # by the logarithm of a resistance
    driven = program.volts @ drops.T * signed
    felt = drops @ whiten.T
    slope = (driven * (residuals @ felt.T)).sum(axis=0)
    return float((residuals**2).sum()), slope, (driven.T @ driven) * (felt @ felt.T)
