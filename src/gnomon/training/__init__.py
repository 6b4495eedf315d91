"""Training: the one trainer, the one search, and free runs on validation data."""
