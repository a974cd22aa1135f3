"""The noise of a fitted voice: bands, colour, grain, stereo, levels over time."""
