"""Data sets: one LightningDataModule per module.  Recipes name the classes of `__all__`."""

from unrolled.data.datasets.ag_news import AGNews
from unrolled.data.datasets.airline_passengers import AirlinePassengers
from unrolled.data.datasets.beijing_multisite import BeijingMultiSite
from unrolled.data.datasets.beijing_pm25 import BeijingPM25
from unrolled.data.datasets.brown import BrownCorpus
from unrolled.data.datasets.co2 import CO2
from unrolled.data.datasets.digits import Digits
from unrolled.data.datasets.english_french import EnglishFrench
from unrolled.data.datasets.etth1 import ETTh1
from unrolled.data.datasets.fertility import Fertility
from unrolled.data.datasets.hangul import HangulNames
from unrolled.data.datasets.japanese_vowels import JapaneseVowels
from unrolled.data.datasets.library_docstrings import LibraryDocstrings
from unrolled.data.datasets.m4_hourly import M4Hourly
from unrolled.data.datasets.macro import Macro
from unrolled.data.datasets.mnist import MNIST
from unrolled.data.datasets.movie_reviews import MovieReviews
from unrolled.data.datasets.multi30k import Multi30k
from unrolled.data.datasets.names_by_language import NamesByLanguage
from unrolled.data.datasets.python_docs import PythonDocs
from unrolled.data.datasets.sentence_polarity import SentencePolarity
from unrolled.data.datasets.sunspots import Sunspots
from unrolled.data.datasets.trec import TREC
from unrolled.data.datasets.treebank_tags import TreebankTags
from unrolled.data.datasets.udhr import UDHR
from unrolled.data.forecasting.forecast_table import ForecastTable
from unrolled.data.language_modeling.text_file import TextFile
from unrolled.data.sequences.series_table import SeriesTable
from unrolled.data.sequences.text_table import TextTable
from unrolled.data.synthetic.adding_problem import AddingProblem
from unrolled.data.synthetic.copy_memory import CopyMemory
from unrolled.data.synthetic.influence_balancing import InfluenceBalancing
from unrolled.data.synthetic.multiplication_problem import MultiplicationProblem
from unrolled.data.synthetic.noiseless_memorisation import NoiselessMemorisation
from unrolled.data.synthetic.parity import Parity
from unrolled.data.synthetic.random_permutation import RandomPermutation
from unrolled.data.synthetic.reverse import Reverse
from unrolled.data.synthetic.selective_copy import SelectiveCopy
from unrolled.data.synthetic.temporal_order import TemporalOrder
from unrolled.data.translation.pair_files import PairFiles
from unrolled.data.translation.pair_table import PairTable

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
