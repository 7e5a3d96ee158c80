"""Seam `penalty`: terms added to the loss."""
