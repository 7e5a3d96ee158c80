"""Seam `gradient`: what happens to the gradient, at each time step or as a whole."""
