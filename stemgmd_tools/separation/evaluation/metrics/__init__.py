"""Metrics of separation quality: one module for each, and nothing else."""
