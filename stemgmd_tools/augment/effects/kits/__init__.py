"""Effects on kits and single strokes."""
