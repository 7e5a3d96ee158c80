"""Seam `clipping`: how the parameters' gradients are bounded before the optimizer step."""
