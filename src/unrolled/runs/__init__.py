"""Runs: build a recipe's objects, train, evaluate and restore them."""
