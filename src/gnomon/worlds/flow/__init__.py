"""A few ordinary differential equations."""
