"""The experiments of published work, repeated on rendered drums: one module a study, in a package for each publication.

``python -m benchmarks.studies NAME`` trains the grid of a study and evaluates it, and goes on where it was interrupted.
``--dry-run`` prints the grid and how long it will take; ``--size toy`` runs all of it in moments, to see that it works.
Without a name the studies are listed.

A module of a sub-package that holds the constant ``STUDY`` (:class:`benchmarks.studies.study.Study`) is a study; its
name is the module's, with hyphens. Trainings of one family (``Study.family``) and seed share a folder: variants of one
name and equal settings are trained once, for all studies of the family. Results lie in ``results/``, pictures in
``docs/images/``; ``python docs/generate.py`` writes them into ``docs/studies.md``.
"""
