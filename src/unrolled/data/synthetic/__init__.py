"""Synthetic problems drawn from a seed, one file each."""
