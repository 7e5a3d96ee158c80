"""Data sets of labelled sequences: texts and series."""
