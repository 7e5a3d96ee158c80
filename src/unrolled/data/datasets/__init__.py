"""Published and built-in data sets, one file each."""
