"""Plain frozen data: cards, studies, cases, results; the registry; identities. Never imports JAX or NumPy."""
