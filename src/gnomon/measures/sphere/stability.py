"""Does a free run stay up, and if it does, does its flow keep its size?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import scipy.stats

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.fields import card_of, days, field, held, sphere
from gnomon.measures.tables import each_unit, kept, living, require_truth, runs_of, with_lost
from gnomon.numerics.sphere.grid import eddy
from gnomon.spec.cards import WorldCard
from gnomon.spec.results import Curve

YEAR = 365.25
SHARE = 0.1  # of a run that is its start, and its end
FLAG = 5.0  # a ratio of zonal spreads beyond which a latitude is called unstable
FIELDS = ("zg500", "psl", "ua250", "tas")  # the first that there is


class Stability(AbstractMeasure):
    """Divergences per simulated year, and for runs that survive, how far the zonal spread of zg500 wandered.

    value: events over exposure, each unit's exposure ending with its divergence (the rate of an exponential
    lifetime; its mean over units is the hazard rate). With no event the rate is not zero but below -ln(0.05) /
    exposure with 95 % confidence; with k events the interval is (chi2(0.025; 2k), chi2(0.975; 2k + 2)) / (2
    exposure) (Garwood 1936, doi:10.1093/biomet/28.3-4.437): the figure's note says it. discrepancy: +inf for a unit
    that diverged; else the root-mean-square over latitudes of log2 of (zonal standard deviation in the last tenth
    of the run / in the first tenth), squares averaged over each tenth. A ratio above 5 at any latitude is flagged,
    a rule that users of NeuralGCM found useful.

    What misleads: a hazard rate supposes that the risk is the same at every age: a run that blows up in year ten
    looks safe in nine; the exposure of a short experiment bounds the rate only weakly; the weather alone moves the
    ratio at single latitudes (compare with the floor). There is no fidelity: a frozen state is perfectly stable.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "divergences per simulated year"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1093/biomet/28.3-4.437"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit] event and exposure in years, and [unit, lat] the ratio of zonal spreads."""
        card, runs = evidence.card, runs_of(evidence, "free")
        alive = living(runs)
        t = days(card, runs)
        n = len(alive)
        exposure, event = lifetimes(card, runs)
        x = field(runs, held(runs, card, FIELDS)[0])
        some = max(1, int(len(t) * SHARE))
        ratio = np.ones((n, x.shape[2]))
        for i in np.flatnonzero(alive):
            first, last = (_spread(v) for v in (x[i, :some], x[i, -some:]))
            ratio[i] = last / np.maximum(first, 1e-12 * max(1.0, float(first.max())))
        ratio = np.maximum(ratio, 1e-6)
        return {
            "ratio": ratio,
            "event": event.astype(float),
            "exposure": exposure,
            "last": each_unit(t[-1] / YEAR, n),
            "lat": each_unit(sphere(card).lat, n),
            "alive": alive,
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Root-mean-square logarithm (base 2) of the ratio of zonal spreads; +inf where diverged."""
        require_truth(truth)
        alive = subject["alive"]
        return with_lost(np.sqrt(np.mean(np.log2(subject["ratio"][alive]) ** 2, axis=1)), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """[unit] events over the mean exposure: the mean over units is the hazard rate per simulated year."""
        return subject["event"] / subject["exposure"].mean()

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Share of units still running, with the hazard rate in words, and the ratio of zonal spreads by latitude."""
        roles = present(tables, "truth", "subject", "floor")
        survival, ratios = [], []
        for role in roles:
            table = tables[role]
            at = np.linspace(0, table["last"][0], 40)
            gone = np.where(table["event"] > 0, table["exposure"], np.inf)
            survival.append(line(NAMES[role], role, at, (gone[:, None] > at).mean(axis=0)))
            mean, twice = over_units(table["ratio"], table["alive"])
            ratios.append(line(NAMES[role], role, table["lat"][0], mean, spread=twice))
        card = card_of(evidence)
        name = held(runs_of(evidence["truth"], "free"), card, FIELDS)[0]
        told = told_hazard(tables["subject"])
        worst = tables["subject"]["ratio"][tables["subject"]["alive"]]
        flagged = int((worst > FLAG).any(axis=1).sum()) if len(worst) else 0
        return (
            Curve(
                name="survival",
                title="Runs still going",
                kind="line",
                x_label="time (years)",
                y_label="share of units",
                series=tuple(survival),
                note=told,
            ),
            Curve(
                name="zonal_spread",
                title=f"Zonal standard deviation of {name}: end over start",
                kind="line",
                x_label="latitude (degrees north)",
                y_label="ratio (1)",
                series=tuple(ratios),
                note=f"{flagged} of {len(worst)} surviving units pass {FLAG:g} at some latitude",
            ),
        )


def lifetimes(card: WorldCard, runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """[unit] exposure in years, and whether a member lost or a value not finite ended it."""
    t = days(card, runs)
    whole = np.array([len(t)] * len(runs.diverged))
    lost = np.asarray(runs.diverged)
    first = np.where(lost >= 0, lost, len(t)).min(axis=1)
    alive, marked = living(runs), kept(runs)
    for i in np.flatnonzero(~alive & marked):  # not marked, yet not finite
        bad = [~np.isfinite(x[i]).reshape(x.shape[1], x.shape[2], -1).all(axis=-1) for x in runs.obs.values()]
        first[i] = int(np.argmax(np.any(bad, axis=(0, 1))))
    event = first < whole
    at = np.concatenate([[t[0]], t])[np.minimum(first, len(t))]
    return np.maximum(at, 1e-9) / YEAR, event


def told_hazard(table: UnitTable) -> str:
    """The hazard rate with its exact Poisson interval, in words."""
    events, exposure = int(table["event"].sum()), float(table["exposure"].sum())
    low, high = hazard_interval(events, exposure)
    if events == 0:
        return f"no divergence in {exposure:.3g} simulated years: fewer than {high:.3g} a year (95 %)"
    rate = f"{events / exposure:.3g} a year ({low:.3g} to {high:.3g}, 95 %)"
    return f"{events} divergences in {exposure:.3g} simulated years: {rate}"


def hazard_interval(events: int, exposure: float) -> tuple[float, float]:
    """Exact 95 % bounds of a Poisson rate: one-sided where nothing happened, two-sided otherwise."""
    if events == 0:
        return 0.0, float(-np.log(0.05) / exposure)
    chi2 = scipy.stats.chi2
    return float(chi2.ppf(0.025, 2 * events) / 2 / exposure), float(
        chi2.ppf(0.975, 2 * events + 2) / 2 / exposure
    )


def _spread(x: np.ndarray) -> np.ndarray:
    """[lat] zonal standard deviation of [lead, lat, lon], squares averaged over time."""
    return np.sqrt((eddy(x.astype(float)) ** 2).mean(axis=(0, 2)))
