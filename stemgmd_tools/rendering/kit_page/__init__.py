"""A self-contained HTML page on which a kit can be heard and seen."""
