"""Rendering: a performance and a bank become strikes, strikes become stems; no files."""
