"""The catalogue: one file a system, listed by the registry from this folder."""
