"""Commands that train, export and join weights."""
