"""Perceptual distances between drum sounds, and the features they are computed from."""
