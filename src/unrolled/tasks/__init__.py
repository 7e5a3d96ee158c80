"""LightningModules: what is learnt.  What stands in `__all__` can be named in a recipe."""

from unrolled.tasks.direct_forecasting import DirectForecasting
from unrolled.tasks.forecasting import Forecasting
from unrolled.tasks.language_modeling import LanguageModeling
from unrolled.tasks.sequence_classification import SequenceClassification
from unrolled.tasks.sequence_regression import SequenceRegression
from unrolled.tasks.sequence_tagging import SequenceTagging
from unrolled.tasks.translation import Translation

__all__ = [
    "DirectForecasting",
    "Forecasting",
    "LanguageModeling",
    "SequenceClassification",
    "SequenceRegression",
    "SequenceTagging",
    "Translation",
]
