"""Does a free run have the truth's leading patterns of variability, as strong and in the right place?"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.sphere.fields import card_of, field, has, living_in, sphere, step_in_days
from gnomon.measures.tables import require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import pseudo_values
from gnomon.numerics.sphere.grid import box
from gnomon.spec.cards import WorldCard
from gnomon.spec.figures import map_curve
from gnomon.spec.results import Curve


class Domain(NamedTuple):
    """Where a mode lives: a field and a box in degrees (west may exceed east)."""

    field: str
    south: float
    north: float
    west: float = 0.0
    east: float = 360.0


DOMAINS = {
    "SAM": Domain("psl", -90, -20),
    "NAM": Domain("psl", 20, 90),
    "NAO": Domain("psl", 20, 80, 270, 40),
    "PNA": Domain("zg500", 20, 85, 120, 240),
}


class Modes(AbstractMeasure):
    """Error of the leading modes by the common-basis method: the truth's pattern, the subject's variability along it.

    For every mode: e is the leading EOF of the truth's anomalies in the mode's box (psl 20-90S: SAM; psl 20-90N:
    NAM; psl 20-80N 90W-40E: NAO; zg500 20-85N 120E-120W: PNA, the boxes of the PCMDI Metrics Package), means over
    blocks of days about each unit's own mean, weighted by sqrt(cos latitude) through the area weights. The subject
    is projected on e and regressed on its own normalised series: B = cov(x, x.e) / sd(x.e) (Lee et al. 2019,
    doi:10.1007/s00382-018-4355-4). d = mean over modes of |B - B_truth|^2 / |B_truth|^2: a wrong amplitude (|B| /
    |B_truth| is its ratio, in the figures) and a wrong pattern both count; a frozen state scores one. The number a
    unit is the jackknife pseudo-value.

    What misleads: the names are those of the boxes: whether the leading EOF of a short run in a perpetual month is
    the mode that bears the name is for the map to show. EOFs of few samples fit their own noise, for floor and
    subject alike.

    Attributes:
        block: days that are averaged first.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.1007/s00382-018-4355-4"

    block: float = 5.0

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, block, point] weighted anomalies in every mode's box."""
        card, runs = evidence.card, runs_of(evidence, "free")
        where = sphere(card)
        per = max(1, round(self.block / step_in_days(card, runs)))
        count = len(runs.time) // per
        if count < 3:
            raise CannotMeasure(
                f"{len(runs.time)} saved steps make {count} blocks of {self.block:g} days; 3 are needed"
            )
        fields = {d.field for d in DOMAINS.values() if has(runs, card, d.field)}
        alive = living_in(runs, sorted(fields))
        table = {"alive": alive}
        for name, d in DOMAINS.items():
            if not has(runs, card, d.field):
                continue
            inside = box(where.lat, where.lon, d.south, d.north, d.west, d.east)
            x = field(runs, d.field)[:, : count * per][..., inside].astype(float)
            x = x.reshape(len(x), count, per, -1).mean(axis=2)
            x = np.where(alive[:, None, None], x - x.mean(axis=1, keepdims=True), 0.0)
            table[name] = x * np.sqrt(where.area[inside] / where.area[inside].sum())
        if len(table) == 1:
            raise CannotMeasure(f"{card.name} has neither psl nor zg500")
        return table

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the relative squared error of the regression patterns, mean over modes."""
        require_truth(truth)
        alive = subject["alive"]
        found = [_distances(truth[name], subject[name], alive) for name in DOMAINS if name in truth]
        return with_lost(np.mean(found, axis=0), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Amplitude ratios, and the patterns in their boxes."""
        names = [n for n in DOMAINS if n in tables["truth"]]
        basis = {n: leading(tables["truth"][n])[0] for n in names}
        shown: dict[str, dict[str, np.ndarray]] = {}
        for role in present(tables, "truth", "subject", "floor"):
            if tables[role]["alive"].any():
                shown[role] = {
                    n: pattern(
                        covariances(tables[role][n][tables[role]["alive"]], basis[n]).mean(axis=0), basis[n]
                    )
                    for n in names
                }
        series = []
        for role in present(shown, "subject", "floor"):
            ratio = [np.linalg.norm(shown[role][n]) / np.linalg.norm(shown["truth"][n]) for n in names]
            series.append(line(NAMES[role], role, np.arange(len(names)), np.array(ratio)))
        shares = [f"{n} {100 * leading(tables['truth'][n])[1]:.0f} %" for n in names]
        out = [
            Curve(
                name="mode_amplitude",
                title="Amplitude of the leading modes over the truth's",
                kind="bars",
                x_label=", ".join(f"{i}: {n}" for i, n in enumerate(names)),
                y_label="ratio of amplitudes (1)",
                series=tuple(series),
                note="share of the truth's variance in the box: " + ", ".join(shares),
            )
        ]
        card = card_of(evidence)
        return (
            *out,
            *(_map(card, n, {r: shown[r][n] for r in shown if r != "floor"}, basis[n]) for n in names),
        )


def leading(x: np.ndarray) -> tuple[np.ndarray, float]:
    """The leading EOF [point], of length one, of anomalies [unit, block, point], and its share of the variance."""
    flat = x.reshape(-1, x.shape[-1])
    if flat.shape[0] < flat.shape[1]:
        values, vectors = np.linalg.eigh(flat @ flat.T)
        e = flat.T @ vectors[:, -1]
    else:
        values, vectors = np.linalg.eigh(flat.T @ flat)
        e = vectors[:, -1]
    size = np.linalg.norm(e)
    if size == 0:
        return e, 0.0
    e = e / size
    return e * (1 if e.sum() >= 0 else -1), float(values[-1] / max(values.sum(), 1e-300))


def covariances(x: np.ndarray, e: np.ndarray) -> np.ndarray:
    """[unit, point] covariance in time of the anomalies with their projection on e."""
    return np.einsum("utp,ut->up", x, x @ e) / x.shape[1]


def pattern(covariance: np.ndarray, e: np.ndarray) -> np.ndarray:
    """[..., point] regression on the normalised series: covariance over the root of the variance along e."""
    variance = covariance @ e
    return covariance / np.sqrt(np.where(variance > 0, variance, np.inf))[..., None]


def _distances(truth: np.ndarray, subject: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """[living unit] pseudo-values for one mode; the EOF is the whole truth's throughout."""
    e, _ = leading(truth)
    x, r = covariances(subject[alive], e), covariances(truth, e)
    paired = len(truth) == len(alive)
    if paired:
        r = r[alive]
    n = len(x)

    def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        one, other = pattern(a, e), pattern(b, e)
        return ((one - other) ** 2).sum(axis=-1) / (other**2).sum(axis=-1)

    if not n:
        return np.zeros(0)
    whole = distance(x.mean(axis=0), r.mean(axis=0))
    if n < 3:
        return np.full(n, float(whole))
    rest = (r.sum(axis=0) - r) / (n - 1) if paired else np.broadcast_to(r.mean(axis=0), x.shape)
    return pseudo_values(float(whole), distance((x.sum(axis=0) - x) / (n - 1), rest))


def _map(card: WorldCard, name: str, shown: Mapping[str, np.ndarray], e: np.ndarray) -> Curve:
    where, d = sphere(card), DOMAINS[name]
    inside = box(where.lat, where.lon, d.south, d.north, d.west, d.east)
    rows, columns = inside.any(axis=1), inside.any(axis=0)
    area = where.area[inside]
    lon = where.lon[columns]
    if d.west > d.east:  # across Greenwich: count on beyond 360
        lon = np.where(lon < d.west, lon + 360, lon)
    order = np.argsort(lon)
    every = max(1, -(-len(lon) // 60))
    fields = {}
    for role, b in shown.items():
        fields[role] = (b / np.sqrt(area / area.sum())).reshape(rows.sum(), columns.sum())[:, order][
            :, ::every
        ]
    units = next(v.units for v in card.variables if v.name == d.field)
    return map_curve(
        f"map_{name}", f"{name}: leading mode of {d.field}", where.lat[rows], lon[order][::every], fields, units=units,
        diverging=True, note="regression on the normalised series of the truth's leading EOF (common basis)",
    )  # fmt: skip
