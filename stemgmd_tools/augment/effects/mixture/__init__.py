"""Effects on the mixture alone."""
