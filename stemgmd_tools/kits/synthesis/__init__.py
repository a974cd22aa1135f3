"""Modelled voices: one-shots synthesised from the parameters in a sample map."""
