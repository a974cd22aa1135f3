"""Rendering a corpus: which jobs there are, doing them side by side, writing their files."""
