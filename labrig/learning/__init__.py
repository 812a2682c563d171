"""Learning rules, step policies, tasks and the loop; no I/O."""

from labrig.learning.bounds import Bounds, Walls
from labrig.learning.contrastive import Contrastive
from labrig.learning.coupled import Coupled, CoupledByHost
from labrig.learning.equilibrium import Equilibrium, EquilibriumByCurrent
from labrig.learning.evaluation import Evaluation, LastErrors, evaluate
from labrig.learning.evidence import Evidence, States
from labrig.learning.loop import Progress, TrainingStep, loop
from labrig.learning.orders import Batches, OrderState, RandomSamples, ShuffledSamples, WholeTask
from labrig.learning.rule import LearningRule
from labrig.learning.steps import DiminishingStep, FixedStep, StepPolicy
from labrig.learning.tasks import Batch, Sample

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
    "LastErrors",
    "LearningRule",
    "OrderState",
    "Progress",
    "RandomSamples",
    "Sample",
    "ShuffledSamples",
    "States",
    "StepPolicy",
    "TrainingStep",
    "Walls",
    "WholeTask",
    "evaluate",
    "loop",
]
