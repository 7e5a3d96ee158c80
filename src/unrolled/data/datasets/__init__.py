"""Published and built-in data sets, one per module."""
