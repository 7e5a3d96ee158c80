"""Read run and study folders into records."""
