"""Look at and listen to a corpus in the browser: a local server, or one self-contained page."""
