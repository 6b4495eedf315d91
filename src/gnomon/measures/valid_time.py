"""How long is a forecast right?"""

from collections.abc import Mapping
from typing import ClassVar, Literal

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

SMAPE = 30.0  # the threshold of Gilpin (2023) and of Zhang and Gilpin (2025)


class ValidTime(AbstractMeasure):
    """Valid prediction time: the first lead at which the error passes a threshold, in Lyapunov times.

    Two published rules, never to be mixed in one table:

    * ``nrmse``: e(t) = sqrt(mean over components of ((x - y) / scale)^2) > threshold (0.4 unless said otherwise), at
      the instant (Pathak et al. 2018, doi:10.1103/PhysRevLett.120.024102; Vlachas et al. 2020,
      doi:10.1016/j.neunet.2020.02.016).
    * ``smape``: (200 / t) sum_{s <= t} mean_i |x - y| / (|x| + |y|) > threshold (30), cumulative
      (Gilpin 2023, doi:10.1103/PhysRevResearch.5.043252). It depends on where the origin of each variable lies.

    discrepancy = horizon - valid time. A forecast that never passes the threshold counts as valid to the horizon.

    What misleads: the time grows with the logarithm of the accuracy of the start, so it is meaningless without the
    observation error; a wrong Lyapunov exponent rescales it; a run that is right until it leaves the attractor after
    the threshold still counts as diverged in the discrepancy (its value keeps the time it was right).

    Attributes:
        rule: "nrmse" or "smape".
        threshold: of the rule; None takes the trial's (nrmse) or 30 (smape).
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "Lyapunov times"
    null: ClassVar[str] = "persistence_or_climatology"
    reference: ClassVar[str] = "10.1103/PhysRevResearch.5.043252"

    rule: Literal["nrmse", "smape"] = "nrmse"
    threshold: float | None = None

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Scaled states up to the horizon."""
        runs = runs_of(evidence, "forecast")
        horizon = float(declared(evidence, "horizon"))
        lead = lyapunov_times(evidence.card, runs)
        keep = lead <= horizon * (1 + 1e-9)
        x = scaled_state(evidence.card, runs, keep)[:, 0]
        default = float(evidence.design.get("threshold", 0.4)) if self.rule == "nrmse" else SMAPE
        threshold = default if self.threshold is None else self.threshold
        n = len(x)
        return {
            "state": x,
            "lead": each_unit(lead[keep], n),
            "horizon": each_unit(horizon, n),
            "threshold": each_unit(threshold, n),
            "alive": living(runs),
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Horizon minus valid time."""
        require_truth(truth)
        short = subject["horizon"] - self.value(truth, subject)
        return with_lost(short[subject["alive"]], subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The valid time; for a diverged unit too, which was right for as long as it was right."""
        error = self._error(truth, subject)
        over = ~(error <= subject["threshold"][:, None])  # NaN counts as over
        first = np.argmax(over, axis=1)
        at = np.take_along_axis(subject["lead"], first[:, None], axis=1)[:, 0]
        return np.where(over.any(axis=1), np.minimum(at, subject["horizon"]), subject["horizon"])

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The share of forecasts still valid against lead time."""
        series = []
        for role in present(tables, "subject", "floor", "null"):
            valid = self.value(tables["truth"], tables[role])
            lead = np.concatenate([[0.0], tables[role]["lead"][0]])
            share = (valid[:, None] >= np.minimum(lead, tables[role]["horizon"][0])).mean(axis=0)
            series.append(line(NAMES[role], role, lead, share))
        threshold = float(tables["truth"]["threshold"][0])
        rule = "normalised error" if self.rule == "nrmse" else "cumulative sMAPE"
        return (
            Curve(
                name="validity",
                title="Forecasts still valid",
                kind="line",
                x_label="lead (Lyapunov times)",
                y_label="share of forecasts",
                series=tuple(series),
                note=f"valid until the {rule} first exceeds {threshold:g}",
            ),
        )

    def _error(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """[unit, lead] the error that is held against the threshold."""
        x, y = subject["state"], truth["state"]
        if self.rule == "nrmse":
            return np.sqrt(np.mean((x - y) ** 2, axis=-1))
        size = np.abs(x) + np.abs(y)
        ratio = np.where(size == 0, 0.0, np.abs(x - y) / np.where(size == 0, 1.0, size))
        steps = np.arange(1, x.shape[1] + 1)
        return 200 * np.cumsum(ratio.mean(axis=-1), axis=1) / steps
