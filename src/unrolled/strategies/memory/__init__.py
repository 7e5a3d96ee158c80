"""Seam `memory`: the state that a sequence starts with."""
