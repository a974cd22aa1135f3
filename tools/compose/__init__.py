"""Convert drum tabs to MIDI files in GMD's layout.

``python -m tools.compose OUT`` writes the starter set that ships in ``manifests/starter``.
"""
