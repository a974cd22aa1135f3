"""Download and read the Groove MIDI Dataset."""
