"""Extratropical cyclones: found, tracked, measured and compared. Pure NumPy and SciPy."""
