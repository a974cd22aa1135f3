"""Chains of effects: their format, the catalogue of effects and the rows drawn from a chain. Torch-free."""
