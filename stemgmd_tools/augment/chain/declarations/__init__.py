"""Declarations of the effects: names, domains, parameters and ranges. Torch-free."""
