"""Mixins: one file, one seam each.  What stands in `__all__` can be named in a recipe."""

from unrolled.strategies.activation_penalty import ActivationPenalty
from unrolled.strategies.adaptive_clip import AdaptiveClip
from unrolled.strategies.adaptive_truncation import AdaptiveTruncation
from unrolled.strategies.artbp import ARTBP
from unrolled.strategies.auto_clip import AutoClip
from unrolled.strategies.carried_state import CarriedState
from unrolled.strategies.checkpointed_bptt import CheckpointedBPTT
from unrolled.strategies.chrono_initialization import ChronoInitialization
from unrolled.strategies.clip_norm import ClipNorm
from unrolled.strategies.clip_per_layer import ClipPerLayer
from unrolled.strategies.clip_state_gradient import ClipStateGradient
from unrolled.strategies.clip_value import ClipValue
from unrolled.strategies.clip_weights import ClipWeights
from unrolled.strategies.compose import compose as compose
from unrolled.strategies.exponential_averaging import ExponentialAveraging
from unrolled.strategies.forget_bias import ForgetBias
from unrolled.strategies.free_running import FreeRunning
from unrolled.strategies.gradient_noise import GradientNoise
from unrolled.strategies.gradient_penalty import GradientPenalty
from unrolled.strategies.identity_initialization import IdentityInitialization
from unrolled.strategies.loss_scheduled_sampling import LossScheduledSampling
from unrolled.strategies.max_norm import MaxNorm
from unrolled.strategies.naive_bayes_initialization import NaiveBayesInitialization
from unrolled.strategies.orthogonal_initialization import OrthogonalInitialization
from unrolled.strategies.own_imputation import OwnImputation
from unrolled.strategies.parallel_scheduled_sampling import ParallelScheduledSampling
from unrolled.strategies.professor_forcing import ProfessorForcing
from unrolled.strategies.random_truncation import RandomTruncation
from unrolled.strategies.scheduled_sampling import ScheduledSampling
from unrolled.strategies.skip_non_finite import SkipNonFinite
from unrolled.strategies.spectral_bound import SpectralBound
from unrolled.strategies.teacher_forcing import TeacherForcing
from unrolled.strategies.triggered_averaging import TriggeredAveraging
from unrolled.strategies.truncated_bptt import TruncatedBPTT
from unrolled.strategies.weight_penalty import WeightPenalty

__all__ = [
    "ARTBP",
    "ActivationPenalty",
    "AdaptiveClip",
    "AdaptiveTruncation",
    "AutoClip",
    "CarriedState",
    "CheckpointedBPTT",
    "ChronoInitialization",
    "ClipNorm",
    "ClipPerLayer",
    "ClipStateGradient",
    "ClipValue",
    "ClipWeights",
    "ExponentialAveraging",
    "ForgetBias",
    "FreeRunning",
    "GradientNoise",
    "GradientPenalty",
    "IdentityInitialization",
    "LossScheduledSampling",
    "MaxNorm",
    "NaiveBayesInitialization",
    "OrthogonalInitialization",
    "OwnImputation",
    "ParallelScheduledSampling",
    "ProfessorForcing",
    "RandomTruncation",
    "ScheduledSampling",
    "SkipNonFinite",
    "SpectralBound",
    "TeacherForcing",
    "TriggeredAveraging",
    "TruncatedBPTT",
    "WeightPenalty",
]
