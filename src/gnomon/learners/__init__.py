"""One file a family of learners, and the controls."""
