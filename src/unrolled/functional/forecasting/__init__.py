"""Arithmetic of forecasts: channels, patches, imputation, scores, baselines, output distributions."""
