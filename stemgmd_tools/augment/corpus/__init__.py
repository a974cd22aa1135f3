"""Augmented corpora on disk: which examples a run makes, their files, rows and previews."""
