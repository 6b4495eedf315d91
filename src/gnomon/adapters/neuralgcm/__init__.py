"""NeuralGCM as a subject: checkpoints, its grid, and a world's starts and knobs turned into what it wants."""
