"""The commands: thin, lazily loaded, and never in the way of an import of JAX."""
