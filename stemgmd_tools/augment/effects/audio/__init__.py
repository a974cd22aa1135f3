"""Effects on the sound of stems, or of the mixture after they are summed."""
