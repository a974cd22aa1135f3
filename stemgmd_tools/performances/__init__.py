"""Performances: reading them, choosing among them, fetching them."""
