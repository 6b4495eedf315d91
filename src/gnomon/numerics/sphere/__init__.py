"""The sphere: grids and areas, spherical harmonics, winds, pressure integrals. NumPy and SciPy only."""
