"""Complete a kit from the articulations that were recorded."""
