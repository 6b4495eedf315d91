"""The abstract classes and what passes between them: forcing, runs, evidence, runners, watches."""
