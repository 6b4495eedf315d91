"""The slow physics: every fact on a card, computed again. `python -m validation` prints the tables."""
