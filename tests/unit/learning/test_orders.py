from itertools import islice

import numpy as np

from labrig.learning import RandomSamples, Sample, ShuffledSamples, WholeTask

SAMPLES = [Sample({0: float(k)}, {1: 0.0}) for k in range(5)]


def test_a_whole_task_gives_every_sample_every_time() -> None:
    for batch in islice(WholeTask(SAMPLES), 3):
        assert batch.indices == (0, 1, 2, 3, 4)
        assert batch.samples == tuple(SAMPLES)


def test_random_samples_follow_the_generator_with_replacement() -> None:
    drawn = [batch.indices[0] for batch in islice(RandomSamples(SAMPLES, np.random.default_rng(4)), 50)]
    rng = np.random.default_rng(4)
    assert drawn == [int(rng.integers(5)) for _ in range(50)]


def test_a_batch_carries_the_sample_of_its_index() -> None:
    for batch in islice(RandomSamples(SAMPLES, np.random.default_rng(4)), 20):
        assert batch.samples[0] is SAMPLES[batch.indices[0]]


def test_each_shuffled_pass_takes_every_sample_once_and_passes_differ() -> None:
    order = ShuffledSamples(SAMPLES, np.random.default_rng(4))
    passes = [[batch.indices[0] for batch in islice(order, 5)] for _ in range(4)]
    assert all(sorted(one) == [0, 1, 2, 3, 4] for one in passes)
    assert len({tuple(one) for one in passes}) > 1
