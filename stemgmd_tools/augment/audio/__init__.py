"""Apply rows to batches of stems with PyTorch."""
