"""Export corpora in formats of other programs and datasets; each module declares one in its constant ``EXPORT``."""
