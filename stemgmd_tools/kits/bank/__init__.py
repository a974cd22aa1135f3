"""Banks: compile kits to PCM and velocity tables, store them and verify them."""
