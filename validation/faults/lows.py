"""A pool of synthetic lows on T31: Gaussian cyclones of known width that drift eastward, deepen and fade.

Units are ten days of six-hourly sea-level pressure. Widths, depths, speeds and numbers are drawn anew in each unit, so
that the measures have the scatter that weather gives them.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from gnomon.core.runs import Observed, Runs
from gnomon.core.trial import AbstractTrial
from gnomon.numerics.sphere.grid import RADIUS, gauss_grid, great_circle
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build
from gnomon.testing.synthetic_sphere_climate import sphere_card
from validation.faults.plans import LONG, Plan

MAPS = 40  # six hours apart
LOWS = 12  # of a unit, on average
WIDTH, DEPTH, SPEED = 4.8, 22.0, 11.0  # degrees of a Gaussian's spread, hPa, m/s: means


class LowsPool:
    """What `Pool` is, of moving lows; nothing is kept on disk. Pools of different seeds share nothing."""

    def __init__(self, plan: Plan, seed: int = 0):
        self.plan, self.seed = plan, seed
        whole = sphere_card(31)
        kept = tuple(v for v in whole.variables if v.name == "psl")
        self.card: WorldCard = msgspec.structs.replace(whole, variables=kept)

    def trial(self, name: str) -> AbstractTrial:
        """A trial with the plan's lengths."""
        args = {k: v / self.card.timescale if k in LONG else v for k, v in self.plan.trials[name].items()}
        return build("trials", name, args)

    def runs(self, experiment: Experiment, changed: Mapping[str, Any] | None = None) -> Runs:
        """All units."""
        assert not changed, "lows have no physics to get wrong"
        units = self.plan.lanes * self.plan.blocks
        psl = np.stack([unit(np.random.default_rng([7 + self.seed, i])) for i in range(units)])[:, None]
        return Runs(
            label=experiment.label, obs=Observed({"psl": psl}), time=0.25 * np.arange(1, MAPS + 1), forcing={},
            diverged=np.full((units, 1), -1), exponents=None, initial={"psl": psl[:, 0, 0]}, cost={},
        )  # fmt: skip


def unit(rng: np.random.Generator) -> np.ndarray:
    """[map, lat, lon] ten days of one unit's pressure, Pa."""
    grid = gauss_grid(31)
    hours = 6.0 * np.arange(MAPS)
    psl = np.full((MAPS, len(grid.lat), len(grid.lon)), 101_500.0, np.float32)
    for _ in range(max(4, rng.poisson(LOWS))):
        north = rng.choice([-1, 1]) * rng.uniform(38, 58)
        east, wide = rng.uniform(0, 360), WIDTH * rng.lognormal(0, 0.12)
        deep, speed = DEPTH * rng.lognormal(0, 0.25), SPEED * rng.lognormal(0, 0.15)
        born, life = rng.uniform(-48, 150), rng.uniform(72, 150)
        age = (hours - born) / life
        strength = np.where((age > 0) & (age < 1), np.sin(np.pi * np.clip(age, 0, 1)), 0.0)
        lat = north + 4 * np.sign(north) * (age - 0.5)
        lon = east + np.degrees(speed * 3600 * (hours - born) / (RADIUS * np.cos(np.radians(north))))
        for t in np.flatnonzero(strength > 0):
            away = great_circle(lat[t], lon[t] % 360, grid.lat[:, None], grid.lon[None, :])
            psl[t] -= 100 * deep * strength[t] * np.exp(-((away / wide) ** 2) / 2)
    return psl
