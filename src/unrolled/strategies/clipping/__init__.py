"""Seam `clipping`: how the parameters' gradients are bounded before the optimiser step."""
