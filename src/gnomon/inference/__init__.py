"""Inference on one number a unit: intervals, fidelity, paired comparisons, verdicts, power. NumPy and SciPy only."""
