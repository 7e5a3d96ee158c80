"""Inference with a trained run: predict, generate, translate, forecast."""
