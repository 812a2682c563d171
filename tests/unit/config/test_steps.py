"""Where a step does not fit the rest of an experiment, before a board is opened."""

from pathlib import Path

import pytest

from labrig.bench.assembly import open_bench
from labrig.config.experiment import ExperimentConfig
from labrig.config.learning import AutoStep, BarzilaiBorweinStep, GaussNewtonStep, PolyakStep, StepConfig
from labrig.config.loading import load_experiment
from labrig.errors import ConfigError
from labrig.procedures.training.plan import plan_training

EXPERIMENT = """
rig:
  network: {network}
  board: {board}
task: {{samples: [{samples}]}}
learning:
  rule: {rule}
  step: {step}
  bounds: {{floor: 10 uS}}
  initial: {{kind: constant, conductance: 20 uS}}
  {more}
"""
CROSSBAR = "{kind: crossbar, inputs: 2, outputs: 1}"
GRAPH = "{kind: graph, nodes: [a, b, c], branches: [[a, c], [b, c]], inputs: [a, b], outputs: [c]}"
IDEAL = "{kind: simulated, elements: {kind: ideal}}"
DIGIPOT = "{kind: simulated, elements: {kind: digipot, part: MCP4351-104}, adc: {bits: 16, span: 5 V}}"
SAMPLE = "{inputs: [0 V, 1 V], targets: [0.5 V]}"


def load(
    folder: Path,
    *,
    network: str = CROSSBAR,
    board: str = IDEAL,
    samples: str = SAMPLE,
    rule: str = "{kind: contrastive}",
    step: str = "{kind: auto}",
    more: str = "",
) -> ExperimentConfig:
    path = folder / "experiment.yaml"
    path.write_text(
        EXPERIMENT.format(network=network, board=board, samples=samples, rule=rule, step=step, more=more)
    )
    return load_experiment(path).config


def test_one_sample_on_a_crossbar_of_continuous_branches_is_taken(tmp_path: Path) -> None:
    assert load(tmp_path).learning.step == AutoStep()


def test_graphs_and_several_samples_are_taken_where_branches_are_continuous(tmp_path: Path) -> None:
    assert load(tmp_path, network=GRAPH).learning.step == AutoStep()
    several = load(tmp_path, samples=f"{SAMPLE}, {SAMPLE}")
    assert (several.learning.step, len(several.task.samples)) == (AutoStep(), 2)


def test_several_samples_are_refused_on_wiper_codes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"learning\.step: found auto with 2 samples on wiper codes"):
        load(tmp_path, board=DIGIPOT, samples=f"{SAMPLE}, {SAMPLE}")


def test_a_graph_of_wiper_codes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"learning\.step: found auto on a graph of wiper codes"):
        load(tmp_path, board=DIGIPOT, network=GRAPH)


def test_the_order_is_left_to_auto(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"learning\.order: found shuffle; auto chooses the order itself"):
        load(tmp_path, more="order: shuffle")


def test_wiper_codes_are_taken(tmp_path: Path) -> None:
    assert load(tmp_path, board=DIGIPOT).learning.step == AutoStep()


def test_a_board_that_is_to_learn_by_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"learning\.step: found auto; a board learns with fixed only"):
        load(tmp_path, more="where: board")


def test_auto_is_not_held_to_a_share_of_the_branches(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"learning\.update: found a fraction; auto moves the branches"):
        load(tmp_path, more="update: {fraction: 0.5}")
    load(tmp_path, step="{kind: polyak}", more="update: {fraction: 50 %}")


def test_polyak_needs_the_gradient_of_contrastive_learning(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"learning\.step: found polyak with the coupled rule"):
        load(tmp_path, rule="{kind: coupled, nudge: 0.5}", step="{kind: polyak}")


@pytest.mark.parametrize("step", ["{kind: kaczmarz}", "{kind: secant, rate: 1 S/V^2}"])
def test_steps_of_single_outputs_are_for_crossbars(tmp_path: Path, step: str) -> None:
    load(tmp_path, step=step)
    with pytest.raises(ConfigError, match=r"learning\.step: found (kaczmarz|secant) on a graph"):
        load(tmp_path, step=step, network=GRAPH)


def test_a_secant_is_of_one_sample(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"learning\.step: found secant with 2 samples"):
        load(tmp_path, step="{kind: secant, rate: 1 S/V^2}", samples=f"{SAMPLE}, {SAMPLE}")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{kind: barzilai-borwein, rate: 1 S/V^2}", BarzilaiBorweinStep(rate=1.0, per="network")),
        ("{kind: gauss-newton}", GaussNewtonStep()),
        ("{kind: polyak}", PolyakStep(relaxation=1.0, per="network")),
    ],
)
def test_steps_of_a_whole_network_are_for_graphs_too(tmp_path: Path, step: str, expected: StepConfig) -> None:
    assert load(tmp_path, step=step, network=GRAPH).learning.step == expected


def test_outputs_of_a_graph_take_no_steps_of_their_own(tmp_path: Path) -> None:
    load(tmp_path, network=GRAPH, step="{kind: polyak}")
    with pytest.raises(ConfigError, match=r"learning\.step\.per: found output on a graph"):
        load(tmp_path, network=GRAPH, step="{kind: polyak, per: output}")


@pytest.mark.parametrize("relaxation", ["0", "2.1"])
def test_a_relaxation_for_which_nothing_is_proved_is_refused(tmp_path: Path, relaxation: str) -> None:
    with pytest.raises(ConfigError, match=r"learning\.step\.relaxation"):
        load(tmp_path, step=f"{{kind: polyak, relaxation: {relaxation}}}")


def test_polyak_on_codes_is_refused_where_the_board_measures_no_currents(tmp_path: Path) -> None:
    experiment = load(tmp_path, board=DIGIPOT, step="{kind: polyak}")
    with open_bench(experiment.rig) as bench, pytest.raises(ConfigError, match="currents of clamps"):
        plan_training(bench, experiment)
