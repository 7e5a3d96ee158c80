"""Plotly and SVG figures of a report."""
