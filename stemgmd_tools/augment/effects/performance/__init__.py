"""Effects on hits, pedal movements and chokes."""
