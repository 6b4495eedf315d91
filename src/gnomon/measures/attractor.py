"""Does a free run visit the same states, by histogram?"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import RASTER, cloud, image, present
from gnomon.measures.tables import living, require_truth, runs_of, sites_alike, thinned, with_lost
from gnomon.numerics.histograms import box, counts, divergence
from gnomon.numerics.jackknife import paired, pseudo_values
from gnomon.spec.cards import Variable, WorldCard
from gnomon.spec.results import Curve, Role, Series

MOST = 3  # dimensions of a histogram: 30^3 cells


class Attractor(AbstractMeasure):
    """State-space divergence D_stsp by histogram.

    D = KL(p || q) = sum over cells p log(p / q); p of the truth, q of the subject, each
    (count + a) / (total + a K), a = 1e-5, 30 bins an axis over the truth's range widened by a tenth of its standard
    deviation (Koppe et al. 2019, doi:10.1371/journal.pcbi.1007263; Hess et al. 2023, doi:10.48550/arXiv.2306.04406).
    One difference: points outside the box are not dropped but counted in one more cell, so that a run which escapes
    is charged -log(1 - share escaped).

    Up to three state components the state itself is binned. Fields whose points are alike are judged by their local
    portrait: (u_j, u_{j+1}, u_{j+2}) pooled over j, a definition of this project. Anything else has too many
    dimensions for a histogram; use `attractor_mixture`.

    Units are pooled. The discrepancy a unit is the jackknife pseudo-value, which leaves out a unit of the subject
    together with the truth's unit beside it, and so takes off most of what D owes to the number of points; it can be
    negative. The value is D itself, never negative.

    What misleads: D falls steadily with the number of points, for two true runs too, so it means nothing without its
    floor; independent draws from the right distribution score as well as a
    perfect model, because time does not enter; a cell that only the truth visits costs log(1 / a).

    Attributes:
        bins: per axis.
        smoothing: a, the count added to each cell.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "nats"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.1371/journal.pcbi.1007263"

    bins: int = 30
    smoothing: float = 1e-5

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, point, coordinate] points of the portrait."""
        runs = runs_of(evidence, "free")
        obs = {k: v[:, 0] for k, v in runs.obs.items()}
        return {"points": portrait(evidence.card, obs), "alive": living(runs)}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the divergence of the pooled subject from the pooled truth."""
        require_truth(truth)
        alive = subject["alive"]
        if not alive.any():
            return np.full(alive.shape, np.inf)
        low, high = box(truth["points"])
        true = counts(truth["points"], low, high, self.bins)
        each = counts(subject["points"][alive], low, high, self.bins)
        if paired(true, alive):
            true = true[alive]
        whole = float(divergence(true.sum(axis=0), each.sum(axis=0), self.smoothing))
        if len(each) < 2:
            return with_lost(np.full(1, whole), alive)
        other = _without(true) if paired(subject["points"], truth["alive"]) else true.sum(axis=0)
        return with_lost(pseudo_values(whole, divergence(other, _without(each), self.smoothing)), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The divergence of the pooled subject in the mean, with the spread of the pseudo-values about it."""
        alive = subject["alive"]
        found = self.discrepancy(truth, subject)[alive]
        if not len(found):
            return np.full(alive.shape, np.nan)
        low, high = box(truth["points"])
        beside = truth["points"][alive] if paired(truth["points"], alive) else truth["points"]
        p, q = (counts(x, low, high, self.bins).sum(axis=0) for x in (beside, subject["points"][alive]))
        return with_lost(float(divergence(p, q, self.smoothing)) + found - found.mean(), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """A projection of the attractor; for a field also its picture in space and time."""
        low, high = box(tables["truth"]["points"])
        inside = [
            f"{role} {self._escaped(tables[role], low, high):.2%}"
            for role in present(tables, "subject", "null")
            if tables[role]["alive"].any()
        ]
        x_label, y_label = _axes(evidence["truth"].card)
        shown = Curve(
            name="attractor",
            title="The attractor",
            kind="points",
            series=tuple(_projection(role, tables[role]) for role in present(tables, "truth", "subject")),
            note="points outside the truth's box: " + ", ".join(inside) if inside else "",
            x_label=x_label,
            y_label=y_label,
        )
        return (shown, *rasters(evidence))

    def _escaped(self, table: UnitTable, low: np.ndarray, high: np.ndarray) -> float:
        points = table["points"][table["alive"]]
        return float(1 - np.mean(np.all((points >= low) & (points <= high), axis=-1)))


def portrait(card: WorldCard, obs: Mapping[str, np.ndarray]) -> np.ndarray:
    """[unit, point, coordinate] of [unit, lead, ...] observations, in scales: the state, or neighbouring triples."""
    field = _field(card)
    if field is None:
        parts = [obs[v.name].reshape(*obs[v.name].shape[:2], -1) / v.scale for v in card.variables]
        return np.concatenate(parts, axis=-1).astype(float)
    u = np.asarray(obs[field.name], float) / field.scale
    triple = np.stack([np.roll(u, -k, axis=-1) for k in range(MOST)], axis=-1)
    return triple.reshape(len(u), -1, MOST)


def rasters(evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
    """A field's first unit, truth and subject: in space and time on a ring, as it is in the end on a plane."""
    card = evidence["truth"].card
    field = _field(card)
    if field is not None and len(field.shape) == 2:
        return _snapshots(evidence, field)
    if field is None or len(field.shape) != 1:
        return ()
    images: dict[Any, np.ndarray] = {}
    last = 0.0
    for role in present(evidence, "truth", "subject"):
        runs = runs_of(evidence[role], "free")
        shown = np.flatnonzero(living(runs))
        if not len(shown):
            continue
        step = float(runs.time[1] - runs.time[0]) if len(runs.time) > 1 else 1.0
        window = min(len(runs.time), max(RASTER, round(10 * card.timescale / step)))
        images[role] = np.asarray(runs.obs[field.name][shown[0], 0, :window], float)
        last = float(runs.time[0] + step * (window - 1)) - float(runs.time[0])
    if not images:
        return ()
    length = card.length or float(field.shape[0])
    return (
        Curve(
            name="space_time",
            title=f"{field.name} in space and time",
            kind="raster",
            x_label="space" if card.length else "site",
            y_label=f"time ({card.time_units})",
            rasters={role: image(values) for role, values in images.items()},
            extent=(0.0, float(length), 0.0, last),
            note=f"{field.name} ({field.units}), one unit",
        ),
    )


def _snapshots(evidence: Mapping[str, Evidence], field: Variable) -> tuple[Curve, ...]:
    """The last saved state of a plane's first living unit."""
    card = evidence["truth"].card
    images: dict[Any, np.ndarray] = {}
    for role in present(evidence, "truth", "subject"):
        runs = runs_of(evidence[role], "free")
        shown = np.flatnonzero(living(runs))
        if len(shown):
            images[role] = np.asarray(runs.obs[field.name][shown[0], 0, -1], float)
    if not images:
        return ()
    sides = [card.length or float(n) for n in field.shape]
    return (
        Curve(
            name="snapshot",
            title=f"{field.name} at the end of the run",
            kind="raster",
            x_label="x" if card.length else "column",
            y_label="y" if card.length else "row",
            rasters={role: image(values) for role, values in images.items()},
            extent=(0.0, sides[1], 0.0, sides[0]),
            note=f"{field.name} ({field.units}), one unit",
        ),
    )


def _without(each: np.ndarray) -> np.ndarray:
    """[unit, cell] counts of all units but one."""
    return each.sum(axis=0) - each


def _field(card: WorldCard) -> Variable | None:
    """The field to be judged by its local portrait; None where the whole state is small enough to be binned."""
    if card.size <= MOST:
        return None
    for v in card.variables:
        if v.shape and v.shape[-1] >= MOST and sites_alike(card, v):
            return v
    raise CannotMeasure(
        f"a histogram holds {MOST} dimensions and the state of {card.name} has {card.size}, not alike at all points; "
        "use attractor_mixture"
    )


def _projection(role: Role, table: UnitTable) -> Series:
    points = table["points"][table["alive"]]
    flat = points.reshape(-1, points.shape[-1])
    keep = thinned(len(flat), 400) if len(flat) else np.zeros(0, int)
    return cloud(role, flat[keep, 0], flat[keep, -1])


def _axes(card: WorldCard) -> tuple[str, str]:
    """Labels of the projection."""
    field = _field(card)
    if field is not None:
        return (
            f"{field.name} at a point (standard deviations)",
            f"{field.name} two points further (standard deviations)",
        )
    first, last = card.variables[0], card.variables[-1]
    return f"{first.name} (standard deviations)", f"{last.name} (standard deviations)"
