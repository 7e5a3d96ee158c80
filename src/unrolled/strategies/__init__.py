"""Mixins: one file, one seam each.  What stands in `__all__` can be named in a recipe."""

from unrolled.strategies.carried_state import CarriedState
from unrolled.strategies.clip_norm import ClipNorm
from unrolled.strategies.clip_value import ClipValue
from unrolled.strategies.compose import compose as compose
from unrolled.strategies.scheduled_sampling import ScheduledSampling
from unrolled.strategies.teacher_forcing import TeacherForcing
from unrolled.strategies.truncated_bptt import TruncatedBPTT

__all__ = ["CarriedState", "ClipNorm", "ClipValue", "ScheduledSampling", "TeacherForcing", "TruncatedBPTT"]
