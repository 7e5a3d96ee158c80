"""Classification, tagging and regression of full sequences."""
