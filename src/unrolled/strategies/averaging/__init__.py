"""Seam `averaging`: which weights are evaluated and saved."""
