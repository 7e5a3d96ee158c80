"""Files -> batches: one LightningDataModule per file.  What stands here may be named in a recipe."""

from unrolled.data.brown import BrownCorpus
from unrolled.data.python_docs import PythonDocs
from unrolled.data.text_file import TextFile

__all__ = ["BrownCorpus", "PythonDocs", "TextFile"]
