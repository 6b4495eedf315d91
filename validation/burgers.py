"""Burgers: the push's exponents, Cole's and Hopf's solution, the energy budget, orders."""

import numpy as np

from gnomon.numerics.exact_waves import cole_hopf
from gnomon.spec.registry import build
from validation.driven_rings import exact_row, validate_ring
from validation.shared import Outcome, Plan

FULL = Plan(spectrum=(12, 200.0), regime=(4, 150.0), climate=(24, 500.0), per_block=4, settle=40.0)
QUICK = Plan(spectrum=(6, 60.0), regime=(3, 60.0), climate=(8, 100.0), per_block=4, settle=20.0)


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    world = build("worlds", "burgers")

    def exact(x: np.ndarray, time: float) -> np.ndarray:
        return cole_hopf(x, time, viscosity=0.1, amplitude=1.5)

    rows = tuple(exact_row(world, exact, time, 1e-6, "Cole-Hopf") for time in (1.0, 5.0))
    finer = {"grid": 384, "substeps": 20}
    return validate_ring("burgers", QUICK if quick else FULL, finer=finer, friction={1: 0.1}, exact=rows)
