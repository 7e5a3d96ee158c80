"""Ask a trained run: predict, generate, translate, forecast."""
