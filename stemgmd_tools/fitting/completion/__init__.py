"""From the articulations that were recorded to a whole kit."""
