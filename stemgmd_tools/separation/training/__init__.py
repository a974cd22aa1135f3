"""Training: data, batches, steps, validation, ablations."""
