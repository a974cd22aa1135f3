"""The space of modelled kits: new kits from those there are, by physical figures, by mixing two, or by a seed."""
