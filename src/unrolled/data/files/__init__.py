"""Files on disk: downloads, archives, text files, tables and their columns."""
