"""Pure arithmetic that the rest is made of: no Lightning, no state, no choice of when."""
