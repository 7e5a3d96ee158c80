"""Seam `constraint`: change the weights after an optimizer step."""
