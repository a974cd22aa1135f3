"""The training loop: data, batches, training steps, validation and distributed processes."""
