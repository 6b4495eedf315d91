"""How does a forecast's error grow?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import (
    declared,
    each_unit,
    living,
    lyapunov_times,
    require_truth,
    runs_of,
    scaled_state,
    with_lost,
)
from gnomon.spec.results import Curve


class ErrorGrowth(AbstractMeasure):
    """Mean squared error over all leads up to the horizon.

    d = mean over leads and components of ((x - y) / scale)^2, unit by unit, against the truth from the same start
    (Lorenz 1982, doi:10.1111/j.2153-3490.1982.tb01839.x).

    What misleads: beyond the limit of predictability the squared error rewards a forecast that goes to the mean
    (error 1) over one that lives on the attractor (error 2); the null is the better of persistence and climatology,
    so a perfect model can have little room at long horizons. The late leads weigh most.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "standard deviations"
    null: ClassVar[str] = "persistence_or_climatology"
    reference: ClassVar[str] = "10.1111/j.2153-3490.1982.tb01839.x"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Scaled states up to the horizon."""
        runs = runs_of(evidence, "forecast")
        lead = lyapunov_times(evidence.card, runs)
        keep = lead <= float(declared(evidence, "horizon")) * (1 + 1e-9)
        x = scaled_state(evidence.card, runs, keep)[:, 0]
        return {"state": x, "lead": each_unit(lead[keep], len(x)), "alive": living(runs)}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean squared error of each forecast."""
        require_truth(truth)
        alive = subject["alive"]
        return with_lost(_squared(truth, subject)[alive].mean(axis=1), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Root of the mean squared error of each forecast."""
        return np.sqrt(self.discrepancy(truth, subject))

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Root-mean-square error over units against lead."""
        series = []
        for role in present(tables, "subject", "floor", "null"):
            error = _squared(tables["truth"], tables[role])
            left = np.maximum(np.isfinite(error).sum(axis=0), 1)
            rms = np.sqrt(np.nansum(error, axis=0) / left)
            rms[~np.isfinite(error).any(axis=0)] = np.nan
            series.append(line(NAMES[role], role, tables[role]["lead"][0], rms))
        return (
            Curve(
                name="error_growth",
                title="Growth of the forecast error",
                kind="line",
                x_label="lead (Lyapunov times)",
                y_label="root-mean-square error (standard deviations)",
                log="y",
                series=tuple(series),
                note="a diverged forecast counts up to the moment it left the attractor",
            ),
        )


def _squared(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[unit, lead] mean squared error over components."""
    return np.mean((subject["state"] - truth["state"]) ** 2, axis=-1)
