"""Separating sounds of any length into files."""
