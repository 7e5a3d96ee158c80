"""Text as streams of tokens."""
