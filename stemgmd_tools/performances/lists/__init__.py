"""Lists of performances and kits."""
