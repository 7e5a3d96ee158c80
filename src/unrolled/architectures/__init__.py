"""(inputs, state) -> (outputs, state): plain torch modules.  The names in `__all__` can be used in a recipe."""

from unrolled.architectures.gru import GRU
from unrolled.architectures.gru_d import GRUD
from unrolled.architectures.influence_network import InfluenceNetwork
from unrolled.architectures.lstm import LSTM
from unrolled.architectures.multi_input import MultiInput
from unrolled.architectures.recurrent_conv import RecurrentConv
from unrolled.architectures.rnn import RNN

__all__ = ["GRU", "GRUD", "LSTM", "RNN", "InfluenceNetwork", "MultiInput", "RecurrentConv"]
