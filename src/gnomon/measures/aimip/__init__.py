"""The criteria of AIMIP Phase 1, asked of files: bias, trend, El Nino, variability within months, +2 K and +4 K."""
