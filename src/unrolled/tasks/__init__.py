"""LightningModules: what is learnt.  What stands in `__all__` can be named in a recipe."""

from unrolled.tasks.language_modeling import LanguageModeling

__all__ = ["LanguageModeling"]
