"""Data loaders whose position is saved in checkpoints."""
