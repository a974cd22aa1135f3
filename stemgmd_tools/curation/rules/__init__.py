"""The rules of curation: one module each."""
