"""Networks that separate a drum mixture: one module for each, found by its name; nothing else lies here."""
