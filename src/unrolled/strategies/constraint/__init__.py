"""Seam `constraint`: what happens to the weights after an optimizer step."""
