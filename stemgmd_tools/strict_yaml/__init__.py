"""Strict YAML: parsing with line numbers, and errors that name file, line and key."""
