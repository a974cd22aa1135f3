"""A corpus on disk: jobs, atomic files, resume, manifests, verification."""
