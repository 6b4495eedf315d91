"""The facts of the catalogue's systems: `python -m validation.catalogue [system ...] [--write]`."""
