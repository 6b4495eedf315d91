"""Are planted faults found, and only those? `python -m validation.faults`."""
