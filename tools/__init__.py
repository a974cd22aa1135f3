"""Scripts for maintainers: the starter set, the kits that ship, their fingerprints and golden stems."""
