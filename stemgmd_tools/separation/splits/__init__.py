"""Which performances and kits are used for training, validation and test."""
