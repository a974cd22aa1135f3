"""Turn a drum library, as its format reports it, into a sample map."""
