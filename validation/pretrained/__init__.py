"""One model for many systems: its training, and how it does on systems that it has not seen."""
