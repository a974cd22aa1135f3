"""Kits: sample maps, where their sound comes from, and the banks they compile to."""
