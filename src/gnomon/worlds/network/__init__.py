"""Many coupled sites."""
