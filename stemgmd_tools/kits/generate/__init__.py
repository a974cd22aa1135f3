"""Generate new modelled kits from existing ones: by physical figures, by mixing two kits, or from a seed."""
