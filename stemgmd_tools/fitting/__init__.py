"""Fitting: from the recorded one-shots of a kit to the parameters of its modelled voices."""
