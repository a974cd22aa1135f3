"""Sources of a kit's one-shots: sample files, modelled voices, fallbacks."""
