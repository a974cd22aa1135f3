"""Augment performances, kits and one-shots before mixing. Torch-free."""
