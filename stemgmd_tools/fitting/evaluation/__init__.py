"""How near fitted voices come to their recordings: metrics, reports, plots."""
