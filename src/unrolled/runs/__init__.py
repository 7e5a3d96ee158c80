"""One run: from a recipe to a folder that says all there is to know about it."""
