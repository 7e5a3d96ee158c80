"""The Python verbs: `unrolled.fit` trains a recipe, `unrolled.Run` queries a trained run."""
