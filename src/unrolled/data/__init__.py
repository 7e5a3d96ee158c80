"""Files, or generators -> batches: one LightningDataModule per file.  What stands here may be named in a recipe."""

from unrolled.data.adding_problem import AddingProblem
from unrolled.data.brown import BrownCorpus
from unrolled.data.co2 import CO2
from unrolled.data.copy_memory import CopyMemory
from unrolled.data.influence_balancing import InfluenceBalancing
from unrolled.data.python_docs import PythonDocs
from unrolled.data.sunspots import Sunspots
from unrolled.data.temporal_order import TemporalOrder
from unrolled.data.text_file import TextFile

__all__ = [
    "CO2",
    "AddingProblem",
    "BrownCorpus",
    "CopyMemory",
    "InfluenceBalancing",
    "PythonDocs",
    "Sunspots",
    "TemporalOrder",
    "TextFile",
]
