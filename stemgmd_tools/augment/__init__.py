"""Augment drum stems: draw rows from chains of effects and apply them to audio."""
