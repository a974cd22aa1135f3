"""Shared by the commands: parameter types, messages, system limits and standard streams."""
