"""Signal processing for effects: filters, transforms, resampling, splices."""
