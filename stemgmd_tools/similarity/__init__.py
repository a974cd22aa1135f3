"""How alike two drum sounds are: features and distances."""
