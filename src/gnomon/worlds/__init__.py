"""Worlds: truths that can be run again, a folder for each rung."""
