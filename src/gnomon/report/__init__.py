"""Results as a ladder in the terminal, one self-contained HTML file, static figures, and a notebook view. No JAX."""
