"""Check recorded kits: measured faults and advice, one rule each."""
