"""Draw segments, random mixes and the rows of chains. Torch-free."""
