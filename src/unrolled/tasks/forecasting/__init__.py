"""Forecasting: recursive and direct."""
