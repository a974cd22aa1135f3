"""The recorded one-shots of a kit as a fit reads them, and families of drum sounds."""
