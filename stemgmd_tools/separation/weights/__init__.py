"""Weights files: read, write, join and export."""
