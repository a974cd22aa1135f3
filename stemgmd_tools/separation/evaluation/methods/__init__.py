"""The methods that can be evaluated: trained weights, factorisation, bounds."""
