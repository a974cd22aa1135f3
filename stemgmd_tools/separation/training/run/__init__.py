"""The folder of a training run: its checks, checkpoints, logs and progress."""
