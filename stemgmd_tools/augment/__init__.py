"""Augmenting: chains, the rows that are drawn from them, and the effects that carry the rows out."""
