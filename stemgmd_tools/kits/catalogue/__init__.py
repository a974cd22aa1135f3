"""The catalogue of open drum libraries: what they are, where their files come from, and how they are installed."""
