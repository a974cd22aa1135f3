"""Declare, read, write, validate and document manifest tables."""
