"""Processes, signals and interruptions."""
