"""Separate recordings of any length into files."""
