"""Seam `initialization`: the first weights."""
