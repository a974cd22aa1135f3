"""Losses, optimizers, learning rate schedules and averaged weights."""
