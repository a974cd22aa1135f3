"""Layouts of folders of recordings: one module for each, which declares ``LAYOUT``."""
