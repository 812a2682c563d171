"""Laws of branches as they were measured."""

import numpy as np

from labrig.bench.assembly import open_bench
from labrig.bench.calibrated import calibrated_branches
from labrig.config.calibration import BranchCalibration
from labrig.procedures.calibrating.calibrate import calibrate_wiper
from tests.support.benches import rig

SCALE = 1e-3
"""Relative, of what branches at an output are off together: more than they are by themselves."""


def nothing(_: str, done: int, of: int) -> None:
    assert 0 <= done < of


def test_what_branches_at_an_output_have_in_common_is_no_doubt_of_one() -> None:
    with open_bench(rig(3, 2, {"drive": "100 ohm"})) as bench:
        found = calibrate_wiper(bench, [20, 60, 160], 1, None, nothing).wipers
        assert found is not None
        codes = np.array(found.codes)

        def alone(branch: BranchCalibration) -> BranchCalibration:
            return branch.model_copy(update={"uncertainties": (1.0, 2.0, 3.0)})

        def together(branch: BranchCalibration) -> BranchCalibration:
            straight = branch.wiper + branch.end_to_end * codes / found.steps + branch.residuals
            return branch.model_copy(
                update={"uncertainties": tuple(np.hypot((1.0, 2.0, 3.0), SCALE * straight).tolist())}
            )

        held = bench.branch_values().astype(np.int64)
        doubts = {
            name: calibrated_branches(
                found.model_copy(
                    update={
                        "branches": {key: change(branch) for key, branch in found.branches.items()},
                        "scales": dict.fromkeys(found.scales, scale),
                    }
                ),
                bench.topology,
                bench.info,
                held,
            ).doubts[:, codes]
            for name, change, scale in (("alone", alone, 0.0), ("together", together, SCALE))
        }
    np.testing.assert_allclose(doubts["together"], doubts["alone"], rtol=1e-9)
    assert np.all(doubts["alone"] > 0)
