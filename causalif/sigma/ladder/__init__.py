"""Scores for curves, noise of any shape and changing spread, by flows above BGe."""
