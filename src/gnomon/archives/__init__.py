"""Truth that can only be read: files and their validators. Filled as archives arrive."""
