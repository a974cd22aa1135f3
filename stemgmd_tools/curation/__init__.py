"""Judge the clips of a stem corpus by rules, and list those to keep."""
