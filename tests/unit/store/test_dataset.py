import json
from typing import Any

import numpy as np
import pytest

from labrig.errors import RunError
from labrig.store.columns import Constant
from labrig.store.dataset import open_run


def test_columns_have_named_dimensions_units_and_labels(start: Any) -> None:
    run = start(5)
    run.finish("stopped")

    found: Any = open_run(run.directory)

    assert found["outputs"].dims == ("step", "sample", "output")
    assert found["states"].dims == ("step", "phase", "node")
    assert found["codes"].dtype == np.uint16
    assert found["error"].attrs == {"units": "V", "long_name": "distance to the targets"}
    assert found["targets"].dims == ("sample", "output")
    assert found["targets"].attrs["units"] == "V"
    assert found["outputs"].sel(step=3, output="b", sample=1).item() == 3 / 8
    assert found["states"].sel(phase="clamped", step=2, node=0).item() == 0.5
    assert found["note"].values.tolist() == [f"step {k}" for k in range(5)]


def test_it_tells_outcome_attributes_and_provenance(start: Any) -> None:
    run = start(1, provenance={"seed": 3}, attributes={"rig": "bench", "size": [4, 3], "floor": 1e-6})
    run.finish("converged", "enough")

    attributes: Any = open_run(run.directory).attrs

    assert attributes["outcome"] == "converged"
    assert attributes["reason"] == "enough"
    assert attributes["rig"] == "bench"
    assert attributes["floor"] == 1e-6
    assert json.loads(attributes["size"]) == [4, 3]
    assert json.loads(attributes["provenance"]) == {"seed": 3}


def test_it_opens_while_the_run_goes_on(start: Any, values: Any) -> None:
    run = start(4)

    first: Any = open_run(run.directory)
    run.append(4, values(4), {})
    second: Any = open_run(run.directory)

    assert first.attrs["outcome"] == "running"
    assert first.sizes["step"] == 4
    assert second.sizes["step"] == 5
    assert first.equals(second.isel(step=slice(4)))
    run.finish("stopped")


def test_a_run_without_rows_opens_empty(start: Any) -> None:
    run = start(0)

    found: Any = open_run(run.directory)

    assert found.sizes["step"] == 0
    assert found["outputs"].shape == (0, 2, 3)
    run.finish("stopped")


def test_sampled_columns_lie_along_the_steps_that_kept_them(start: Any) -> None:
    run = start(25, keep=10)
    run.finish("stopped")

    found: Any = open_run(run.directory)

    assert found["kept_step"].values.tolist() == [0, 10, 20, 24]
    assert found["states"].dims == ("kept_step", "phase", "node")
    assert found["states"].sel(kept_step=20).values.max() == 5.0
    assert found.sizes["step"] == 25


def test_results_are_there_once_a_run_has_ended(start: Any) -> None:
    run = start(2)
    run.finish("stopped", results={"final_codes": Constant(np.arange(40), ("branch",))})

    assert open_run(run.directory)["final_codes"].dims == ("branch",)


def test_what_is_missing_is_nan_and_what_is_there_is_exact(start: Any, values: Any) -> None:
    run = start(1)
    run.append(1, {"error": float("nan"), "codes": values(1)["codes"]}, {})
    run.append(2, values(2), {})
    run.finish("stopped")

    found: Any = open_run(run.directory)

    assert np.isnan(found["error"].values).tolist() == [False, True, False]
    assert np.isnan(found["count"].values).tolist() == [False, True, False]
    assert np.isnan(found["outputs"].sel(step=1)).all()
    assert found["note"].values.tolist() == ["step 0", "", "step 2"]
    np.testing.assert_array_equal(found["codes"].sel(step=2), np.asarray(values(2)["codes"]))


def test_only_the_columns_asked_for_are_read(start: Any) -> None:
    run = start(3)
    run.finish("stopped")

    assert set(open_run(str(run.directory), ["error"]).data_vars) == {"error", "targets"}


def test_an_unknown_column_is_refused_with_the_known_ones(start: Any) -> None:
    run = start(1)
    run.finish("stopped")

    with pytest.raises(RunError, match="no column 'errors'; it has error, count"):
        open_run(run.directory, ["errors"])
