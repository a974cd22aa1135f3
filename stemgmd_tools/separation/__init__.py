"""The reference baseline: models that separate drums, their training, separation of files and evaluation."""
