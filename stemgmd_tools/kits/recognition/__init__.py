"""Recognise articulations from the names and MIDI notes of drum samples."""
