"""Seam `initialization`: the initial weights."""
