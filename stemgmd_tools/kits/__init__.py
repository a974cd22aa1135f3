"""Kits: sample maps, sources of their sounds, and compiled banks."""
