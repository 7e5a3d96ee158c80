"""Vocabularies: text to token ids and back."""
