"""How fitted voices follow velocity."""
