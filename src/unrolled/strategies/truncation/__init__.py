"""Seam `truncation`: where back-propagation through time is cut, and how often the optimizer steps."""
