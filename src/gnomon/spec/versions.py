"""The version of what stands between components: part of every identity, so that no old number survives a change."""

ENGINE = 6
"""Raised whenever the same components give other numbers: recipes of nodes, nulls, seeds, inference."""
