"""Corpora: rendering to disk with resume, manifests, verification, and reading."""
