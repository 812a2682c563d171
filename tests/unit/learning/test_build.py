from typing import Any

import numpy as np
import pytest

from labrig.circuit import Nudging, Topology
from labrig.config.learning import LearningConfig
from labrig.errors import ConfigError
from labrig.learning import (
    Contrastive,
    Coupled,
    CoupledByHost,
    DiminishingStep,
    Equilibrium,
    EquilibriumByCurrent,
    FixedStep,
    LearningRule,
    RandomSamples,
    Sample,
    ShuffledSamples,
    StepPolicy,
    WholeTask,
    build_batches,
    build_policy,
    build_rule,
)

ABLE = Nudging()
UNABLE = Nudging(toward_target=False, through=None, inject=False)


def learning(**keys: Any) -> LearningConfig:
    section: dict[str, Any] = {
        "rule": {"kind": "contrastive"},
        "step": {"kind": "fixed", "rate": 0.007},
        "bounds": {"floor": "0.1 S"},
        "initial": {"kind": "constant", "conductance": "1 S"},
    }
    return LearningConfig.model_validate(section | keys)


@pytest.mark.parametrize(
    ("rule", "nudging", "expected"),
    [
        ({"kind": "contrastive"}, UNABLE, Contrastive()),
        ({"kind": "coupled", "nudge": 0.5}, ABLE, Coupled(0.5)),
        ({"kind": "coupled", "nudge": 0.5}, UNABLE, CoupledByHost(0.5)),
        ({"kind": "equilibrium", "nudge": "10 uS"}, ABLE, Equilibrium(10e-6)),
        (
            {"kind": "equilibrium", "nudge": "10 uS"},
            Nudging(through=(1e-6, 9e-6)),
            EquilibriumByCurrent(10e-6),
        ),
        ({"kind": "equilibrium", "nudge": "10 uS"}, Nudging(through=None), EquilibriumByCurrent(10e-6)),
    ],
)
def test_a_rule_takes_the_form_with_the_fewest_turn_arounds(
    rule: dict[str, Any], nudging: Nudging, expected: LearningRule
) -> None:
    assert build_rule(learning(rule=rule), nudging) == expected


@pytest.mark.parametrize(
    ("nudging", "said"),
    [
        (UNABLE, "no conductance at all"),
        (Nudging(through=(1e-6, 9e-6), inject=False), "through 1e-06 S to 9e-06 S only"),
    ],
)
def test_equilibrium_propagation_is_refused_where_the_board_can_do_neither(
    nudging: Nudging, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"learning.rule.nudge is 1e-05 S.*{said}"):
        build_rule(learning(rule={"kind": "equilibrium", "nudge": "10 uS"}), nudging)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"kind": "fixed", "rate": 0.007}, FixedStep(0.007)),
        ({"kind": "diminishing", "scale": 10, "offset": 1}, DiminishingStep(10.0, 1.0)),
    ],
)
def test_steps_are_built_as_configured(step: dict[str, Any], expected: StepPolicy) -> None:
    net = Topology.crossbar(2, 1)
    assert (
        build_policy(
            learning(step=step),
            net,
            [Sample({0: 0.0, 1: 1.0}, {2: 0.5})],
            np.zeros(2, dtype=np.bool_),
            np.random.default_rng(0),
        )
        == expected
    )


@pytest.mark.parametrize(
    ("order", "expected"), [("batch", WholeTask), ("shuffle", ShuffledSamples), ("random", RandomSamples)]
)
def test_orders_are_built_as_configured(order: str, expected: type) -> None:
    batches = build_batches(
        learning(order=order), [Sample({0: 1.0}, {})], np.random.default_rng(0), FixedStep(1.0)
    )
    assert type(batches) is expected
