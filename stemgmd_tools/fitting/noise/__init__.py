"""Fit the noise of a voice: bands, colour, grain, stereo, levels over time."""
