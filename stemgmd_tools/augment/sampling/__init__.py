"""Drawing: chains and examples become rows; stems of random mixes get their sources. Torch-free."""
