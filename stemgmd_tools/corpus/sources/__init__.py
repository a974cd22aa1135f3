"""Sources of stems: a corpus on disk, or one that is rendered as it is read."""
