"""Does a free run have the right mean climate, everywhere and in every field?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, present
from gnomon.measures.sphere.fields import (
    Sphere,
    against_mean,
    card_of,
    days,
    field,
    flat,
    held,
    living_in,
    living_rows,
    map_figure,
    regions,
    shares,
    sphere,
)
from gnomon.measures.sphere.seasons import YEAR, portrait_by_season, seasonal_means
from gnomon.measures.tables import each_unit, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import pair_mean
from gnomon.spec.errors import BadSpec
from gnomon.spec.figures import portrait_curve, taylor_curve
from gnomon.spec.results import Curve

HEADLINE = ("zg500", "psl", "tas", "pr", "ta850", "ta250", "ua850", "ua250", "va850", "hus850", "rtmt")
MAPPED = ("tas", "pr", "psl", "ua250")
LEAST = 0.1  # of a field's mean variance: no point counts as varying less


class MeanState(AbstractMeasure):
    """Squared error of one run's time mean, in units of the variance of the weather.

    d = mean over fields of < (m_i - M)^2 / s^2 >, m_i the time mean of unit i of the subject, M the truth's mean
    over units (its own noise taken out), s^2 the truth's variance in time at the point, not less than a tenth of
    its area mean, <.> the area mean. In the spirit of Reichler and Kim (2008, doi:10.1175/BAMS-89-3-303). The
    number a unit is the pseudo-value.

    Why a single run and not the mean of all: the mean over many frozen states *is* the climate, so a score of the
    mean over units has no room between its null and its floor. For a single run the floor is the sampling variance
    of a time mean, the null `frozen` the variance of the weather, and fidelity = 1 - (squared bias) / (what
    averaging can remove).

    What misleads: a fidelity of 0.9 is a bias of a third of a standard deviation of daily weather in all fields,
    which a climate scientist calls large: read the portrait. Longer units lower the floor. The default climate has
    no seasons where the world is a perpetual month. The distance is that of the whole run, also where seasons are
    shown: a cold winter and a warm summer can hide each other there, and stand apart in the portrait.

    Attributes:
        fields: variables asked for; those that the world lacks are left out.
        begins: day of the year (days since the first of January) at the start of the runs, where the world has
            seasons; a portrait by season is then drawn. -1: no season. `speedy` with the annual cycle starts its runs
            at 39.5 (mid-January and 24 days of spin-up).
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "variances of the weather"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.1175/BAMS-89-3-303"

    fields: tuple[str, ...] = HEADLINE
    begins: float = -1.0

    def __check_init__(self):
        if not (self.begins == -1 or 0 <= self.begins <= YEAR):
            raise BadSpec(
                f"mean_state: begins is a day of the year, 0 to {YEAR:g}, or -1; got {self.begins:g}"
            )

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, field, point] time mean and variance in time, and means by season where the date is known."""
        card, runs = evidence.card, runs_of(evidence, "free")
        means, variances = [], []
        names = held(runs, card, self.fields)
        for name in names:
            x = field(runs, name)
            x = x.reshape(*x.shape[:2], -1)
            means.append(x.mean(axis=1, dtype=float))
            variances.append(x.var(axis=1, dtype=float))
        n = len(runs.diverged)
        seasons = seasonal_means(runs, names, days(card, runs), self.begins) if self.begins >= 0 else {}
        return seasons | {
            "mean": np.stack(means, axis=1),
            "variance": np.stack(variances, axis=1),
            "area": each_unit(shares(sphere(card)), n),
            "alive": living_in(runs, names),
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared error of a single unit's mean."""
        require_truth(truth)
        alive = subject["alive"]
        size = np.sqrt(truth["area"][0] / len(truth["mean"][0])) / spread(truth)
        x, r = (flat(t["mean"] * size) for t in (subject, truth))
        return with_lost(against_mean(x[alive], r, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Portrait of biases by field and region, and maps of the bias."""
        card = card_of(evidence)
        where = sphere(card)
        names = held(runs_of(evidence["truth"], "free"), card, self.fields)
        parts = regions(where)
        shown = {}
        for role in present(tables, "subject", "floor", "null"):
            if tables[role]["alive"].any():
                shown[role] = [
                    [_rms(tables, role, "mean", i, shares(where, p)) for p in parts.values()]
                    for i in range(len(names))
                ]
        units = {v.name: v.units for v in card.variables}
        out = (
            [
                portrait_curve(
                    "bias_portrait",
                    "Bias of the mean state",
                    names,
                    tuple(parts),
                    shown,
                    units="standard deviations of the weather",
                    note="root-mean-square bias of the mean over units without its noise; 0: noise explains it",
                )
            ]
            if shown
            else []
        )
        if "subject" in shown:
            out += _seasons(tables, names, shares(where), tuple(shown))
            out.append(_taylor(tables, names, shown))
            out += [_bias_map(tables, where, names.index(n), n, units[n]) for n in MAPPED if n in names]
        return tuple(out)


def _taylor(tables: Mapping[str, UnitTable], names: tuple[str, ...], shown: Mapping[str, object]) -> Curve:
    """Area-weighted pattern statistics of the mean over units against the truth's."""
    area = tables["truth"]["area"][0]

    def centred(role: str) -> np.ndarray:
        x = living_rows(tables[role], "mean").mean(axis=0)
        return x - (x * area).sum(axis=-1, keepdims=True)

    true = centred("truth")
    points: dict[str, list[tuple[str, float, float]]] = {}
    for role in present(shown, "subject", "floor"):
        x = centred(role)
        size, other = (np.sqrt((v**2 * area).sum(axis=-1)) for v in (x, true))
        both = (x * true * area).sum(axis=-1) / np.maximum(size * other, 1e-300)
        ratio = size / np.maximum(other, 1e-300)
        points[role] = [
            (n, float(a), float(np.clip(b, -1, 1))) for n, a, b in zip(names, ratio, both, strict=True)
        ]
    return taylor_curve(
        "mean_taylor",
        "Pattern of the time mean",
        points,
        note="standard deviation and correlation over the globe of the mean over units; biases do not show",
    )


def spread(truth: UnitTable) -> np.ndarray:
    """[field, point] the truth's standard deviation in time, with a floor where hardly anything varies."""
    variance = truth["variance"].mean(axis=0)
    least = LEAST * (variance * truth["area"][0]).sum(axis=-1, keepdims=True)
    return np.sqrt(np.maximum(variance, np.maximum(least, 1e-30)))


def _seasons(
    tables: Mapping[str, UnitTable], names: tuple[str, ...], share: np.ndarray, roles: tuple[str, ...]
) -> list[Curve]:
    """The portrait by season over the globe, where the date of the runs is known."""
    columns: tuple[str, ...] = ()
    shown = {}
    for role in roles:
        columns, shown[role] = portrait_by_season(
            tables["truth"], len(names), share, lambda key, i, p, role=role: _rms(tables, role, key, i, p)
        )
    if len(columns) < 2:
        return []
    return [
        portrait_curve(
            "bias_by_season", "Bias of the mean state by season", names, columns, shown,
            units="standard deviations of the weather",
            note="root-mean-square over the globe of the mean over units without its noise; 0: noise explains it",
        )
    ]  # fmt: skip


def _rms(tables: Mapping[str, UnitTable], role: str, key: str, i: int, share: np.ndarray) -> float:
    """Root-mean-square bias of the mean over units in one region, in standard deviations."""
    truth, table = tables["truth"], tables[role]
    size = np.sqrt(share) / spread(truth)[i]
    alive = table["alive"]
    x = table[key][alive, i] - (
        truth[key][alive, i] if len(alive) == len(truth["alive"]) else truth[key][:, i].mean(axis=0)
    )
    return float(np.sqrt(max(0.0, pair_mean(x * size)[0])))


def _bias_map(tables: Mapping[str, UnitTable], where: Sphere, i: int, name: str, units: str) -> Curve:
    truth = tables["truth"]["mean"][:, i].mean(axis=0)
    subject = living_rows(tables["subject"], "mean")[:, i].mean(axis=0)
    shape = where.area.shape
    scale = 86_400.0 if name in ("pr", "evspsbl") else 1.0
    fields = {"truth": truth, "subject": subject, "difference": subject - truth}
    return map_figure(
        f"map_bias_{name}",
        f"Time mean of {name}",
        where,
        {k: (x * scale).reshape(shape) for k, x in fields.items()},
        units="mm d-1" if scale != 1 else units,
        hue="water" if scale != 1 else "warmth",
        note=f"difference: {NAMES['subject']} minus truth",
    )
