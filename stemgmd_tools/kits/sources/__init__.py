"""Where the one-shots of a kit come from."""
