"""Learning rules, step policies, tasks and the loop; no I/O."""

from labrig.learning.bounds import Bounds, Walls
from labrig.learning.build import build_batches, build_policy, build_rule
from labrig.learning.contrastive import Contrastive
from labrig.learning.coupled import Coupled, CoupledByHost
from labrig.learning.equilibrium import Equilibrium, EquilibriumByCurrent
from labrig.learning.evaluation import Evaluation, LastErrors, evaluate
from labrig.learning.evidence import Evidence, States
from labrig.learning.floor import Floor, FloorPrediction, NoFloor, predicted_floor
from labrig.learning.identification import Identification
from labrig.learning.inversion import ModelInversion
from labrig.learning.line_search import LineSearch
from labrig.learning.loop import Progress, TrainingStep, loop
from labrig.learning.orders import Batches, InTurn, OrderState, RandomSamples, ShuffledSamples, WholeTask
from labrig.learning.polyak import PolyakStep
from labrig.learning.rule import LearningRule
from labrig.learning.steps import DiminishingStep, FixedStep, StepPolicy
from labrig.learning.tap_search import TapSearch
from labrig.learning.tasks import Batch, Sample
from labrig.learning.theory import StepBound, crossbar_bound, graph_bound, paper_bound

__all__ = [
    "Batch",
    "Batches",
    "Bounds",
    "Contrastive",
    "Coupled",
    "CoupledByHost",
    "DiminishingStep",
    "Equilibrium",
    "EquilibriumByCurrent",
    "Evaluation",
    "Evidence",
    "FixedStep",
    "Floor",
    "FloorPrediction",
    "Identification",
    "InTurn",
    "LastErrors",
    "LearningRule",
    "LineSearch",
    "ModelInversion",
    "NoFloor",
    "OrderState",
    "PolyakStep",
    "Progress",
    "RandomSamples",
    "Sample",
    "ShuffledSamples",
    "States",
    "StepBound",
    "StepPolicy",
    "TapSearch",
    "TrainingStep",
    "Walls",
    "WholeTask",
    "build_batches",
    "build_policy",
    "build_rule",
    "crossbar_bound",
    "evaluate",
    "graph_bound",
    "loop",
    "paper_bound",
    "predicted_floor",
]
