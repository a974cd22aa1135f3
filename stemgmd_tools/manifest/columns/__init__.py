"""The columns of manifests. Modules declare them in a constant ``COLUMNS``, and the functions that compute them.

The columns of a table's own module come first in its files.
"""
