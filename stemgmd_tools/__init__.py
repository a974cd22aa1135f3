"""Drum stems from performances: render, augment, separate."""

from __future__ import annotations

__version__ = "0.1.0"
