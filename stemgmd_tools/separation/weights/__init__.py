"""Weights as files: reading, writing, joining, exporting."""
