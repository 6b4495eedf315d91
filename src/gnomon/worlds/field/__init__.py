"""Fields on periodic domains."""
