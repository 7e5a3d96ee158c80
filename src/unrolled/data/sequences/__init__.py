"""Labelled sequences: texts, tags, series."""
