"""Measures of the trial `cause`: which share of a model's error an intervention accounts for."""
