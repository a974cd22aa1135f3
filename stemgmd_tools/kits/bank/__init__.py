"""Banks: kits compiled to PCM, with tables of velocities; how they are stored and checked."""
