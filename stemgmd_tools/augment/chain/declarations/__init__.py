"""The declarations of effects: names, domains, parameters and their ranges. Torch-free."""
