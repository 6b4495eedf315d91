"""Does a free run visit the same states, by Gaussian mixtures?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from scipy.special import logsumexp

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import cloud, present
from gnomon.measures.tables import living, require_truth, runs_of, scaled_state, thinned, with_lost
from gnomon.numerics.jackknife import paired, pseudo_values
from gnomon.spec.results import Curve

SEED = (
    1963  # of the Monte-Carlo draws: the same for all subjects, so that they are compared on the same states
)


class AttractorMixture(AbstractMeasure):
    """State-space divergence D_stsp by Gaussian mixtures, for states of many dimensions.

    Truth and subject become mixtures of one Gaussian a point, covariance s^2 I in coordinates over their scales,
    s^2 = 1, at most 10,000 points; D = mean over 1,000 draws x from the truth's mixture of log p(x) - log q(x)
    (Koppe et al. 2019, doi:10.1371/journal.pcbi.1007263; Hess et al. 2023, doi:10.48550/arXiv.2306.04406). Points are
    spread evenly over units and time instead of being the first ones, draws come from a fixed seed, and logarithms
    are never taken of zero, so no draw is dropped.

    Units are pooled; the number a unit is the jackknife pseudo-value, which leaves out a unit of the subject together
    with the truth's unit beside it and the draws that came from that.

    What misleads: in many dimensions a draw lies near the very point it was drawn around, so that even a second true
    run scores several nats: only the distance from the floor has a meaning. Time does not enter. s^2 decides which
    details count.

    Attributes:
        variance: s^2.
        points: most points of a mixture.
        draws: Monte-Carlo draws.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "nats"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.1371/journal.pcbi.1007263"

    variance: float = 1.0
    points: int = 10_000
    draws: int = 1_000

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, point, component] scaled states, evenly spread in time."""
        runs = runs_of(evidence, "free")
        units, leads = len(runs.diverged), len(runs.time)
        keep = thinned(leads, max(1, self.points // units))
        return {"points": scaled_state(evidence.card, runs, keep)[:, 0], "alive": living(runs)}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of mean(log p - log q)."""
        require_truth(truth)
        alive = subject["alive"]
        if not alive.any():
            return np.full(alive.shape, np.inf)
        order = np.argsort(
            truth["points"].sum(axis=(1, 2)), kind="stable"
        )  # so that the draws know no order of units
        size = truth["points"].shape[1]
        flat = truth["points"][order].reshape(-1, truth["points"].shape[-1])
        random = np.random.default_rng(SEED)
        place = random.integers(len(flat), size=self.draws)
        x = flat[place] + np.sqrt(self.variance) * random.standard_normal((self.draws, flat.shape[1]))
        q = self._each(x, subject["points"][alive])
        p = self._each(x, truth["points"])
        n = q.shape[1]
        if not paired(truth["points"], alive):
            fixed = logsumexp(p, axis=1) - np.log(p.shape[1])
            whole = float(np.mean(fixed - (logsumexp(q, axis=1) - np.log(n))))
            left_out = (fixed[:, None] - _left_out_logs(q)).mean(axis=0) if n > 1 else np.full(n, whole)
            return with_lost(pseudo_values(whole, left_out), alive)
        kept = alive[order[place // size]]  # draws from units that both still have
        p, q, owner = p[kept][:, alive], q[kept], (np.cumsum(alive) - 1)[order[place // size]][kept]
        whole = float(np.mean(np.asarray(logsumexp(p, axis=1)) - np.asarray(logsumexp(q, axis=1))))
        if n < 2:
            return with_lost(np.full(1, whole), alive)
        others = owner[:, None] != np.arange(n)
        left_out = np.sum((_left_out_logs(p) - _left_out_logs(q)) * others, axis=0) / others.sum(axis=0)
        return with_lost(pseudo_values(whole, left_out), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The divergence."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Both clouds on the truth's two leading principal directions."""
        truth = tables["truth"]["points"]
        flat = truth.reshape(-1, truth.shape[-1])
        centre = flat.mean(axis=0)
        spread = np.linalg.eigh(np.atleast_2d(np.cov(flat.T)))
        axes = spread.eigenvectors[:, ::-1][:, :2]
        axes = axes * np.sign(
            axes[np.argmax(np.abs(axes), axis=0), np.arange(axes.shape[1])]
        )  # eigenvectors have no sign
        share = spread.eigenvalues[::-1][:2] / spread.eigenvalues.sum()
        series = []
        for role in present(tables, "truth", "subject"):
            points = tables[role]["points"][tables[role]["alive"]].reshape(-1, flat.shape[-1])
            keep = thinned(len(points), 400) if len(points) else np.zeros(0, int)
            shown = (points[keep] - centre) @ axes
            series.append(cloud(role, shown[:, 0], shown[:, -1]))
        return (
            Curve(
                name="attractor_directions",
                title="The attractor along its leading directions",
                kind="points",
                x_label=f"first principal direction ({share[0]:.0%} of the variance)",
                y_label=f"second principal direction ({share[-1]:.0%})",
                series=tuple(series),
                note="in standard deviations of the variables, about the truth's mean",
            ),
        )

    def _each(self, x: np.ndarray, points: np.ndarray) -> np.ndarray:
        """[draw, unit] log density of each unit's own mixture, without the constant that p and q share."""
        units, size, dims = points.shape
        flat = points.reshape(-1, dims)
        squares = (x**2).sum(axis=1)[:, None] + (flat**2).sum(axis=1) - 2 * (x @ flat.T)
        exponent = (squares / (-2 * self.variance)).reshape(len(x), units, size)
        top = exponent.max(axis=2, keepdims=True)
        exponent -= top
        np.exp(exponent, out=exponent)
        return np.log(exponent.mean(axis=2)) + top[..., 0]


def _left_out_logs(parts: np.ndarray) -> np.ndarray:
    """[draw, unit] log of the mean density of all units but one, from sums of both sides: differences cancel."""
    n = parts.shape[1]
    none = np.full((len(parts), 1), -np.inf)
    before = np.concatenate([none, np.logaddexp.accumulate(parts, axis=1)[:, :-1]], axis=1)
    after = np.concatenate([none, np.logaddexp.accumulate(parts[:, ::-1], axis=1)[:, :-1]], axis=1)[:, ::-1]
    return np.logaddexp(before, after) - np.log(n - 1)
