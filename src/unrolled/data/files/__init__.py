"""Files on disk: downloads, archives, text, tables, columns."""
