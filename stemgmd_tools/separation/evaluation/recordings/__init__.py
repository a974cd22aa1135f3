"""Evaluation on real recordings: multitracks, and drum tracks with onset annotations."""
