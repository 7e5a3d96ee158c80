"""Python interface: `unrolled.fit` trains a recipe, `unrolled.Run` is a trained run."""
