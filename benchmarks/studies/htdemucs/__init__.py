"""Studies after Rouard, Massa and Défossez, "Hybrid transformers for music source separation"."""

from __future__ import annotations

SOURCE = "Rouard et al. 2023 (HT Demucs), arXiv:2211.08553"
FAMILY = "htdemucs"
