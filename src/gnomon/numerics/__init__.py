"""Numerics that several rooms need: integrators, exponents, spectra, patches, jackknife."""
