"""(inputs, state) -> (outputs, state): plain torch.  What stands in `__all__` can be named in a recipe."""

from unrolled.architectures.gru import GRU
from unrolled.architectures.influence_network import InfluenceNetwork
from unrolled.architectures.lstm import LSTM
from unrolled.architectures.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "InfluenceNetwork"]
