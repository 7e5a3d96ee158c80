"""Classification, tagging and regression of whole sequences."""
