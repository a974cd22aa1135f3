"""Modelled voices: synthesise one-shots from the parameters in a sample map."""
