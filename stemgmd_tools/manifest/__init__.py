"""Manifests: tables whose columns are declared once; reading, writing, validating and documenting follow from that."""
