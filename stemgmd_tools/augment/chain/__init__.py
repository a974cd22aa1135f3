"""Chains: what may be done to an example, the effects there are, and the rows drawn from a chain. Torch-free."""
