"""Files, or generators -> batches: one LightningDataModule per file.  What stands here may be named in a recipe."""

from unrolled.data.adding_problem import AddingProblem
from unrolled.data.ag_news import AGNews
from unrolled.data.airline_passengers import AirlinePassengers
from unrolled.data.beijing_multisite import BeijingMultiSite
from unrolled.data.beijing_pm25 import BeijingPM25
from unrolled.data.brown import BrownCorpus
from unrolled.data.co2 import CO2
from unrolled.data.copy_memory import CopyMemory
from unrolled.data.digits import Digits
from unrolled.data.english_french import EnglishFrench
from unrolled.data.etth1 import ETTh1
from unrolled.data.fertility import Fertility
from unrolled.data.forecast_table import ForecastTable
from unrolled.data.hangul import HangulNames
from unrolled.data.influence_balancing import InfluenceBalancing
from unrolled.data.japanese_vowels import JapaneseVowels
from unrolled.data.library_docstrings import LibraryDocstrings
from unrolled.data.m4_hourly import M4Hourly
from unrolled.data.macro import Macro
from unrolled.data.mnist import MNIST
from unrolled.data.movie_reviews import MovieReviews
from unrolled.data.multi30k import Multi30k
from unrolled.data.multiplication_problem import MultiplicationProblem
from unrolled.data.names_by_language import NamesByLanguage
from unrolled.data.noiseless_memorisation import NoiselessMemorisation
from unrolled.data.pair_files import PairFiles
from unrolled.data.pair_table import PairTable
from unrolled.data.parity import Parity
from unrolled.data.python_docs import PythonDocs
from unrolled.data.random_permutation import RandomPermutation
from unrolled.data.reverse import Reverse
from unrolled.data.selective_copy import SelectiveCopy
from unrolled.data.sentence_polarity import SentencePolarity
from unrolled.data.series_table import SeriesTable
from unrolled.data.sunspots import Sunspots
from unrolled.data.temporal_order import TemporalOrder
from unrolled.data.text_file import TextFile
from unrolled.data.text_table import TextTable
from unrolled.data.trec import TREC
from unrolled.data.treebank_tags import TreebankTags
from unrolled.data.udhr import UDHR

__all__ = [
    "CO2",
    "MNIST",
    "TREC",
    "UDHR",
    "AGNews",
    "AddingProblem",
    "AirlinePassengers",
    "BeijingMultiSite",
    "BeijingPM25",
    "BrownCorpus",
    "CopyMemory",
    "Digits",
    "ETTh1",
    "EnglishFrench",
    "Fertility",
    "ForecastTable",
    "HangulNames",
    "InfluenceBalancing",
    "JapaneseVowels",
    "LibraryDocstrings",
    "M4Hourly",
    "Macro",
    "MovieReviews",
    "Multi30k",
    "MultiplicationProblem",
    "NamesByLanguage",
    "NoiselessMemorisation",
    "PairFiles",
    "PairTable",
    "Parity",
    "PythonDocs",
    "RandomPermutation",
    "Reverse",
    "SelectiveCopy",
    "SentencePolarity",
    "SeriesTable",
    "Sunspots",
    "TemporalOrder",
    "TextFile",
    "TextTable",
    "TreebankTags",
]
