"""Synthetic problems, generated from a seed, one per module."""
