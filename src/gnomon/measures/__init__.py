"""Measures: pure questions about runs, one file each. NumPy and SciPy only; never worlds or learners."""
