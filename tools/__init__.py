"""Maintainers' scripts: write the starter set, the shipped kits, their fingerprints and golden stems."""
