"""Manifests: every column declared once, read, written and checked."""
