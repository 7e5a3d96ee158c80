"""Mixins: one file, one seam each.  What stands in `__all__` can be named in a recipe."""

from unrolled.strategies.adaptive_truncation import AdaptiveTruncation
from unrolled.strategies.artbp import ARTBP
from unrolled.strategies.carried_state import CarriedState
from unrolled.strategies.checkpointed_bptt import CheckpointedBPTT
from unrolled.strategies.clip_norm import ClipNorm
from unrolled.strategies.clip_state_gradient import ClipStateGradient
from unrolled.strategies.clip_value import ClipValue
from unrolled.strategies.compose import compose as compose
from unrolled.strategies.free_running import FreeRunning
from unrolled.strategies.gradient_noise import GradientNoise
from unrolled.strategies.loss_scheduled_sampling import LossScheduledSampling
from unrolled.strategies.parallel_scheduled_sampling import ParallelScheduledSampling
from unrolled.strategies.professor_forcing import ProfessorForcing
from unrolled.strategies.random_truncation import RandomTruncation
from unrolled.strategies.scheduled_sampling import ScheduledSampling
from unrolled.strategies.teacher_forcing import TeacherForcing
from unrolled.strategies.truncated_bptt import TruncatedBPTT

__all__ = [
    "ARTBP",
    "AdaptiveTruncation",
    "CarriedState",
    "CheckpointedBPTT",
    "ClipNorm",
    "ClipStateGradient",
    "ClipValue",
    "FreeRunning",
    "GradientNoise",
    "LossScheduledSampling",
    "ParallelScheduledSampling",
    "ProfessorForcing",
    "RandomTruncation",
    "ScheduledSampling",
    "TeacherForcing",
    "TruncatedBPTT",
]
