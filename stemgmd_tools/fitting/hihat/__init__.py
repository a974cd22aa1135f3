"""Degrees of openness of fitted hi-hats."""
