"""Signal processing that effects are made of: filters, transforms, resampling, splices."""
