"""Seam `penalty`: what is added to the loss."""
