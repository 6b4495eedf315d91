"""Results on disk: whole or absent, verified when read, queried without reading them all. Never imports JAX."""
