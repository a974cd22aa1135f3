"""What several commands share: parameter types, messages, limits and streams."""
