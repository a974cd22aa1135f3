"""What the baseline reaches: trainings, evaluations and ablations as commands, and the tables of ``docs/baseline.md``.

``python -m benchmarks.baseline --gmd GMD --recorded KITS --work DIR`` runs all of ``experiments.yaml``; names after it
run these alone. Every command goes on where it was interrupted.
"""
