"""Studies after Mezza, Giampiccolo, Bernardini and Sarti, "Toward deep drum source separation" (LarsNet)."""

SOURCE = "Mezza et al. 2024 (LarsNet), arXiv:2312.09663"
