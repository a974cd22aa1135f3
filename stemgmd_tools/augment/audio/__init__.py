"""Augmenting sound with PyTorch: rows carried out on batches of stems."""
