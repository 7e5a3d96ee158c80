"""Helpers of the training step: optimizers, distributed reductions, resume state, telemetry."""
