"""The digest of all codes: what it is, and what it is sure to notice."""

import numpy as np
import pytest

from labrig.wire.definition import DIGEST_MULTIPLIER
from labrig.wire.digest import image_digest
from tests.support.decoding import digest

GREATEST = 1023
"""Change of a code of ten bits."""
APART = 4096


@pytest.mark.parametrize("count", [0, 1, 2, 1200])
def test_it_is_what_the_protocol_says_code_by_code(count: int) -> None:
    codes = np.random.default_rng(count).integers(0, 65536, count)
    assert image_digest(codes) == digest(codes.tolist())


def test_no_two_changed_codes_of_ten_bits_make_up_for_each_other() -> None:
    changes = np.arange(1, GREATEST + 1, dtype=np.uint32)
    weight = 1
    for _ in range(APART):
        weight = weight * DIGEST_MULTIPLIER % 2**32
        moved = (changes * np.uint32(weight)).view(np.int32).astype(np.int64)
        assert np.abs(moved).min() > GREATEST
