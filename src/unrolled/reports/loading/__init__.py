"""Loading: run and study folders -> records."""
