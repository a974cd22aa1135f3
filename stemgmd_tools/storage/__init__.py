"""Files, folders and locks: whole or not at all, inside their folder, listed in one way."""
