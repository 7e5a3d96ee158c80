"""Seam `feedback`: what the model reads at each step, the ground truth or the model output."""
