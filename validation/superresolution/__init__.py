"""Super-resolution: fine fields of turbulence and of an atmosphere from coarse ones."""
