"""Make a sample map from a drum library of any format."""
