"""Formats of drum libraries, one module each; every module declares a ``FORMAT``."""
