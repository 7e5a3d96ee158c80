"""Helpers of the training step: optimisers, distributed reductions, resume state, telemetry."""
