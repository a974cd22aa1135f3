"""Arithmetic that has the same bits on every x86-64: elementary functions, products, transforms."""
