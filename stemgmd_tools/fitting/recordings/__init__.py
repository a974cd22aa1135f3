"""Read the recorded one-shots of a kit for a fit; families of drum sounds."""
