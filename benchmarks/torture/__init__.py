"""Random kills of every command that writes, damaged inputs for everything that reads: ``docs/robustness.md``."""
