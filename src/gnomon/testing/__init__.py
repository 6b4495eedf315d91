"""Contracts that anyone can run on what they bring: worlds, learners, trials, measures."""
