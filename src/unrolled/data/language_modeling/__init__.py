"""Text data sets for language modelling: contiguous streams of tokens."""
