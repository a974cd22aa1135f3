"""From recorded strokes to voices: one articulation, and all that were recorded."""
