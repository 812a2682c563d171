from dataclasses import replace

import numpy as np
import pytest

from labrig.circuit import Flag, IdealNetwork, Origin, Topology
from labrig.learning import Batch, LastErrors, Sample, evaluate
from labrig.learning.evidence import gather, unknown

TOPOLOGY = Topology.crossbar(2, 2)
G = np.array([1.0, 1.0, 3.0, 1.0])  # out0 at (p0 + 3 p1)/4, out1 at the mean
SAMPLES = (Sample({0: 0.0, 1: 4.0}, {2: 3.0, 3: 1.0}), Sample({0: 1.0, 1: 1.0}, {2: 1.5}))


def test_evaluation_reads_outputs_and_errors_in_one_exchange() -> None:
    network = IdealNetwork(TOPOLOGY)
    result = evaluate(network, SAMPLES, program=G)
    np.testing.assert_allclose(result.outputs, [[3.0, 2.0], [1.0, 1.0]])
    np.testing.assert_allclose(result.errors, [1.0, 0.5])
    assert result.error == pytest.approx(np.sqrt(1.25))
    assert (network.exchanges, network.measurements) == (1, 2)


def test_evaluation_leaves_the_conductances_alone_unless_told() -> None:
    network = IdealNetwork(TOPOLOGY, G)
    evaluate(network, SAMPLES)
    np.testing.assert_array_equal(network.conductances, G)


def test_samples_without_targets_have_no_error() -> None:
    result = evaluate(IdealNetwork(TOPOLOGY, G), [Sample({0: 0.0, 1: 4.0}, {})])
    assert result.error == 0.0


def test_last_errors_are_unknown_until_every_sample_was_measured() -> None:
    network = IdealNetwork(TOPOLOGY, G)
    last = LastErrors(2)
    for k, expected in [(1, np.nan), (0, np.sqrt(1.25))]:
        batch = Batch((k,), (SAMPLES[k],))
        free = network.settle([SAMPLES[k].free])
        found = last.take(gather(0, batch, free, unknown(free)), G)
        np.testing.assert_allclose(found, expected)


def test_a_sample_that_could_not_be_measured_keeps_its_last_error() -> None:
    batch = Batch.whole(SAMPLES)
    good = IdealNetwork(TOPOLOGY, G).settle([sample.free for sample in SAMPLES])
    last = LastErrors(2)
    last.take(gather(0, batch, good, unknown(good)), G)
    flags = np.zeros_like(good.flags)
    flags[0, 2] = Flag.SATURATED
    bad = replace(
        good,
        node_voltages=good.node_voltages + 0.5,
        flags=flags,
        voltage_origin=np.full_like(good.voltage_origin, Origin.MEASURED),
    )
    last.take(gather(1, batch, bad, unknown(bad)), G)
    np.testing.assert_allclose(last.errors, [1.0, 0.0])


def test_samples_count_as_measured_at_once_while_conductances_stand_still() -> None:
    network, last = IdealNetwork(TOPOLOGY, G), LastErrors(2)
    batches = [Batch((k,), (SAMPLES[k],)) for k in (0, 1)]
    seen: list[bool] = []
    for batch, latent in ((batches[0], G), (batches[1], G), (batches[1], 2 * G), (batches[0], 2 * G)):
        free = network.settle([batch.samples[0].free])
        last.take(gather(0, batch, free, unknown(free)), latent)
        seen.append(last.at_once)
    assert seen == [False, True, False, True]
