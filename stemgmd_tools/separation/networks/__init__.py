"""What models are made of: their base class, the spectral transform and layers; building them by name."""
