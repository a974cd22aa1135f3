"""Write augmented corpora: examples, files, rows and previews."""
