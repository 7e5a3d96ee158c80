"""Training strategies: mixins that override one seam each.  A recipe can name every class of `__all__`."""

from unrolled.strategies.averaging.exponential_averaging import ExponentialAveraging
from unrolled.strategies.averaging.triggered_averaging import TriggeredAveraging
from unrolled.strategies.clipping.adaptive_clip import AdaptiveClip
from unrolled.strategies.clipping.auto_clip import AutoClip
from unrolled.strategies.clipping.clip_norm import ClipNorm
from unrolled.strategies.clipping.clip_per_layer import ClipPerLayer
from unrolled.strategies.clipping.clip_value import ClipValue
from unrolled.strategies.compose import compose as compose
from unrolled.strategies.constraint.clip_weights import ClipWeights
from unrolled.strategies.constraint.max_norm import MaxNorm
from unrolled.strategies.constraint.spectral_bound import SpectralBound
from unrolled.strategies.feedback.free_running import FreeRunning
from unrolled.strategies.feedback.loss_scheduled_sampling import LossScheduledSampling
from unrolled.strategies.feedback.own_imputation import OwnImputation
from unrolled.strategies.feedback.parallel_scheduled_sampling import ParallelScheduledSampling
from unrolled.strategies.feedback.professor_forcing import ProfessorForcing
from unrolled.strategies.feedback.scheduled_sampling import ScheduledSampling
from unrolled.strategies.feedback.teacher_forcing import TeacherForcing
from unrolled.strategies.gradient.clip_state_gradient import ClipStateGradient
from unrolled.strategies.gradient.gradient_noise import GradientNoise
from unrolled.strategies.gradient.skip_non_finite import SkipNonFinite
from unrolled.strategies.initialization.chrono_initialization import ChronoInitialization
from unrolled.strategies.initialization.forget_bias import ForgetBias
from unrolled.strategies.initialization.identity_initialization import IdentityInitialization
from unrolled.strategies.initialization.naive_bayes_initialization import NaiveBayesInitialization
from unrolled.strategies.initialization.orthogonal_initialization import OrthogonalInitialization
from unrolled.strategies.memory.carried_state import CarriedState
from unrolled.strategies.penalty.activation_penalty import ActivationPenalty
from unrolled.strategies.penalty.gradient_penalty import GradientPenalty
from unrolled.strategies.penalty.weight_penalty import WeightPenalty
from unrolled.strategies.truncation.adaptive_truncation import AdaptiveTruncation
from unrolled.strategies.truncation.artbp import ARTBP
from unrolled.strategies.truncation.checkpointed_bptt import CheckpointedBPTT
from unrolled.strategies.truncation.random_truncation import RandomTruncation
from unrolled.strategies.truncation.truncated_bptt import TruncatedBPTT

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
