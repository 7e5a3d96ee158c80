"""Seam `gradient`: change the gradient, at each time step or once per optimizer step."""
