"""What several export formats share: their folder, clips of performances through kits, large files."""
