"""What a training step needs: data, batches, the model, processes, validation."""
