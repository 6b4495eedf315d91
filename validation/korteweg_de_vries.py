"""Korteweg-de Vries: the push's exponents, the periodic wave and the soliton, invariants, the energy budget, orders."""

import numpy as np

from gnomon.numerics.exact_waves import cnoidal, soliton
from gnomon.spec.registry import build
from validation.driven_rings import exact_row, validate_ring
from validation.shared import Outcome, Plan

FULL = Plan(spectrum=(8, 300.0), regime=(3, 200.0), climate=(16, 600.0), per_block=4, settle=80.0)
QUICK = Plan(spectrum=(6, 100.0), regime=(3, 100.0), climate=(8, 200.0), per_block=4, settle=40.0)


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    world = build("worlds", "korteweg_de_vries", {"drag": 0.0, "viscosity": 0.0})
    long_ring = build(
        "worlds", "korteweg_de_vries", {"drag": 0.0, "viscosity": 0.0, "length": 60.0, "grid": 256}
    )
    speed = cnoidal(np.zeros(1), length=32.0, waves=2, modulus=0.95)[1]

    def wave(x: np.ndarray, time: float) -> np.ndarray:
        return cnoidal(x - speed * time, length=32.0, waves=2, modulus=0.95)[0]

    def alone(x: np.ndarray, time: float) -> np.ndarray:
        return soliton(x, 1.0, time)

    rows = (
        exact_row(world, wave, 20.0, 1e-8, "two cnoidal waves"),
        # its tails meet around the ring: exp(-30) of the top
        exact_row(long_ring, alone, 10.0, 1e-6, "soliton of speed 1", shift=25.0),
    )
    finer = {"grid": 256, "substeps": 20}
    plan = QUICK if quick else FULL
    return validate_ring("korteweg_de_vries", plan, finer=finer, friction={0: 0.05, 1: 0.02}, exact=rows)
