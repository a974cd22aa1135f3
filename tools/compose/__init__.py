"""The starter set's composer: drum tabs to MIDI files in GMD's layout.

``python -m tools.compose OUT`` draws up the starter set that ships in ``manifests/starter``.
"""
