"""Kirchhoff's current law at one node gives its conductances, as well as it says."""

import numpy as np

from labrig.arrays import FloatArray
from labrig.calibration.stars import StarReadings, fit_star, pooled_variance

G = np.array([2e-5, 1e-5, 5e-5, 3e-5])
DRIVE = 100.0


def readings(generator: np.random.Generator, noise: float) -> StarReadings:
    """Seven states with a free node, four in which it is held."""
    inputs: FloatArray = np.ones((11, len(G)))
    inputs[generator.random(inputs.shape) < 0.5] = 4.0
    inputs[inputs.std(axis=1) == 0, 0] = 2.0
    held = np.arange(11) >= 7
    inputs[held] = np.where(np.arange(11)[held, None] % 2, 4.0, 1.0)
    free = inputs @ G / G.sum()
    source = 2.5
    loaded = (source / DRIVE + inputs @ G) / (1 / DRIVE + G.sum())
    node: FloatArray = free.copy()
    node[held] = loaded[held]
    read_inputs = inputs + noise * generator.normal(size=inputs.shape)
    read_node = node + noise * generator.normal(size=11)
    read_source = source + noise * generator.normal(size=11)
    into = np.where(held, (read_source - read_node) / DRIVE, 0.0)
    return StarReadings(read_node[:, None] - read_inputs, into, np.where(held, 1 / DRIVE, 0.0))


def test_readings_without_noise_give_the_conductances() -> None:
    found = fit_star(readings(np.random.default_rng(1), 0.0))
    np.testing.assert_allclose(found.conductances, G, rtol=1e-9)
    assert found.left == 5
    assert found.excess < 1e-20


def test_the_covariance_is_the_scatter_and_the_excess_tells_the_noise() -> None:
    generator, noise = np.random.default_rng(2), 1e-4
    fits = [fit_star(readings(generator, noise)) for _ in range(1500)]
    off = np.array([(f.conductances - G) / (noise * np.sqrt(np.diag(f.covariance))) for f in fits])
    # A standard deviation from 1500 values is known to 1/sqrt(3000); drops share readings of the node, so
    # that weights are right to first order only.
    assert np.all(np.abs(off.std(axis=0) - 1) < 3 / np.sqrt(3000) + 0.05)
    told = pooled_variance(sum(f.excess for f in fits), sum(f.left for f in fits), rounding=0.0)
    assert abs(np.sqrt(told) / noise - 1) < 0.05


def test_a_variance_is_no_less_than_the_steps_of_the_converter_give() -> None:
    assert pooled_variance(0.0, 100, rounding=1e-3) == 1e-6 / 12
    assert pooled_variance(0.0, 0, rounding=1e-3) == 1e-6 / 12
