"""A pool of the synthetic sphere: the fields of an atmosphere, known responses, and as many units as are asked for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gnomon.core.runs import Runs
from gnomon.core.trial import AbstractTrial
from gnomon.numerics.sphere.grid import gauss_grid
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build
from gnomon.testing.synthetic_sphere import synthetic_sphere
from gnomon.testing.synthetic_sphere_climate import enso_response, sphere_card, warming_response
from validation.faults.plans import LONG, Plan

LEADS = 12  # saved fields of a unit
STEP = {"free": 1.0}  # days between them; five for all others


class SyntheticPool:
    """What `Pool` is, of noise with a known climate; nothing is kept on disk, for it is made faster than read.

    Pools of different seeds share nothing.
    """

    def __init__(self, plan: Plan, seed: int = 0):
        self.plan, self.card, self.seed = plan, sphere_card(21), seed
        self._evidence = synthetic_sphere(
            "truth", units=plan.lanes * plan.blocks, leads=LEADS, seed=20 + seed
        )

    def trial(self, name: str) -> AbstractTrial:
        """A trial with the plan's lengths."""
        args = {k: v / self.card.timescale if k in LONG else v for k, v in self.plan.trials[name].items()}
        return build("trials", name, {k: list(v) if isinstance(v, tuple) else v for k, v in args.items()})

    def runs(self, experiment: Experiment, changed: Mapping[str, Any] | None = None) -> Runs:
        """All units of one experiment; where the forcing is not that of the label, the response to what it is."""
        assert not changed, "the synthetic sphere has no physics to get wrong"
        made = self._evidence.runs[experiment.label]
        assert isinstance(made, Runs)
        grid, obs = gauss_grid(21), dict(made.obs)
        for drive in experiment.drives:
            end, own = drive.values[0][-1], float(made.forcing[drive.knob][0, -1])
            if end == own:
                continue
            for name, x in obs.items():
                more = [
                    enso_response(name, grid, k) if drive.knob == "enso" else warming_response(name, grid, k)
                    for k in (end, own)
                ]
                obs[name] = (x + more[0] - more[1]).astype(np.float32)
        return made._replace(obs=type(made.obs)(obs))
