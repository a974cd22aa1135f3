"""Commands that show what there is: ``info``, ``plot``, ``explore``."""
