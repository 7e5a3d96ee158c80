"""Files, or generators -> batches: one LightningDataModule per file.  What stands here may be named in a recipe."""

from unrolled.data.adding_problem import AddingProblem
from unrolled.data.brown import BrownCorpus
from unrolled.data.co2 import CO2
from unrolled.data.copy_memory import CopyMemory
from unrolled.data.english_french import EnglishFrench
from unrolled.data.hangul import HangulNames
from unrolled.data.influence_balancing import InfluenceBalancing
from unrolled.data.multi30k import Multi30k
from unrolled.data.pair_files import PairFiles
from unrolled.data.pair_table import PairTable
from unrolled.data.python_docs import PythonDocs
from unrolled.data.reverse import Reverse
from unrolled.data.sunspots import Sunspots
from unrolled.data.temporal_order import TemporalOrder
from unrolled.data.text_file import TextFile

__all__ = [
    "CO2",
    "AddingProblem",
    "BrownCorpus",
    "CopyMemory",
    "EnglishFrench",
    "HangulNames",
    "InfluenceBalancing",
    "Multi30k",
    "PairFiles",
    "PairTable",
    "PythonDocs",
    "Reverse",
    "Sunspots",
    "TemporalOrder",
    "TextFile",
]
