"""LightningModules, one for each kind of task.  A recipe can name every class of `__all__`."""

from unrolled.tasks.forecasting.direct_forecasting import DirectForecasting
from unrolled.tasks.forecasting.forecasting import Forecasting
from unrolled.tasks.language_modeling.language_modeling import LanguageModeling
from unrolled.tasks.sequences.sequence_classification import SequenceClassification
from unrolled.tasks.sequences.sequence_regression import SequenceRegression
from unrolled.tasks.sequences.sequence_tagging import SequenceTagging
from unrolled.tasks.translation.translation import Translation

__all__ = [
    "DirectForecasting",
    "Forecasting",
    "LanguageModeling",
    "SequenceClassification",
    "SequenceRegression",
    "SequenceTagging",
    "Translation",
]
