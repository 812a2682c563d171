"""Learning rules, step policies, tasks and the loop; no I/O."""

from labrig.learning.adjoint import AdjointCoupled
from labrig.learning.barzilai_borwein import BarzilaiBorweinStep
from labrig.learning.bounds import Bounds, Walls
from labrig.learning.build import build_batches, build_policy, build_rule
from labrig.learning.contrastive import Contrastive
from labrig.learning.coupled import Coupled, CoupledByHost, OverClamped
from labrig.learning.equilibrium import (
    Equilibrium,
    EquilibriumByCurrent,
    SymmetricEquilibrium,
    SymmetricEquilibriumByCurrent,
)
from labrig.learning.evaluation import Evaluation, LastErrors, evaluate
from labrig.learning.evidence import Evidence, States
from labrig.learning.floor import Floor, FloorPrediction, NoFloor, predicted_floor
from labrig.learning.gauss_newton import GaussNewtonStep
from labrig.learning.identification import Identification
from labrig.learning.inversion import ModelInversion
from labrig.learning.kaczmarz import KaczmarzStep
from labrig.learning.line_search import LineSearch
from labrig.learning.loop import Progress, TrainingStep, loop
from labrig.learning.orders import Batches, InTurn, OrderState, RandomSamples, ShuffledSamples, WholeTask
from labrig.learning.polyak import PolyakStep
from labrig.learning.rule import LearningRule
from labrig.learning.secant import SecantStep
from labrig.learning.steps import Desynchronous, DiminishingStep, FixedStep, SignStep, StepPolicy
from labrig.learning.tap_search import TapSearch
from labrig.learning.tasks import Batch, Sample
from labrig.learning.theory import StepBound, crossbar_bound, graph_bound, paper_bound

__all__ = [
    "AdjointCoupled",
    "BarzilaiBorweinStep",
    "Batch",
    "Batches",
    "Bounds",
    "Contrastive",
    "Coupled",
    "CoupledByHost",
    "Desynchronous",
    "DiminishingStep",
    "Equilibrium",
    "EquilibriumByCurrent",
    "Evaluation",
    "Evidence",
    "FixedStep",
    "Floor",
    "FloorPrediction",
    "GaussNewtonStep",
    "Identification",
    "InTurn",
    "KaczmarzStep",
    "LastErrors",
    "LearningRule",
    "LineSearch",
    "ModelInversion",
    "NoFloor",
    "OrderState",
    "OverClamped",
    "PolyakStep",
    "Progress",
    "RandomSamples",
    "Sample",
    "SecantStep",
    "ShuffledSamples",
    "SignStep",
    "States",
    "StepBound",
    "StepPolicy",
    "SymmetricEquilibrium",
    "SymmetricEquilibriumByCurrent",
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
