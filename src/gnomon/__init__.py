"""Gnomon tests learned simulators of the physical world, rung by rung."""

__version__ = "0.1.0"
