"""The modes of a fitted voice: frequencies, decays, phases, glide."""
