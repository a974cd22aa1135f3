"""The Groove MIDI Dataset: its table, errata, files and download."""
