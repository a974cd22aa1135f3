"""Sources of stems: a corpus on disk, or a virtual corpus that is rendered on request."""
