"""Systems that jump: what the maps of the catalogue share."""
