"""Verifying a corpus: rows against files, files against rows, audio against what is said of it."""
