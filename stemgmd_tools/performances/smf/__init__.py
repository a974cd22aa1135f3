"""Standard MIDI files: bytes to events."""
