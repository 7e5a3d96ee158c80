"""Seam `feedback`: what the model reads at each step, the ground truth or its own output."""
