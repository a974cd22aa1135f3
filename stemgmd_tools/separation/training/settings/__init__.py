"""The settings of a training run, their files and presets."""
