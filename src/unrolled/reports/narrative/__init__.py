"""Narrative: sentences and tables of a report."""
