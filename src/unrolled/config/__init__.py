"""Recipes: loading, overrides, validation, and the catalogue of classes a recipe may name.  Never imports torch."""
