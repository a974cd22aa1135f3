"""Evaluate fitted voices against their recordings: metrics, reports, plots."""
