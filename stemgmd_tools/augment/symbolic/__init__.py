"""Augmenting what is played and what it is played with, before anything sounds. Torch-free."""
