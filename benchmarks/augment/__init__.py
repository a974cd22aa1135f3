"""Speed of the effects on sound beside their peers, per effect and as the ``larsnet`` chain, in one run."""
