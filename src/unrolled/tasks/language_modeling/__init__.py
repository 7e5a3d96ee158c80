"""Language modelling over characters, subwords or words."""
