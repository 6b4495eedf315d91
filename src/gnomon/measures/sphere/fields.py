"""What the measures of a sphere share: where the points lie, which fields there are, regions, daily means, maps."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import scipy.signal

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.tables import kept, saved_step
from gnomon.numerics.jackknife import beside, paired, pseudo_values
from gnomon.numerics.sphere.grid import box, point_weights
from gnomon.numerics.sphere.harmonics import Harmonics, harmonics, largest_truncation
from gnomon.spec.cards import WorldCard
from gnomon.spec.figures import map_curve
from gnomon.spec.results import Curve

LEVELS = (1000, 850, 700, 500, 250, 100, 50)  # hPa, of the variables named by a level
FINEST = 85  # total wavenumber of fields on a grid without a truncation of its own
SIDE = 60  # points of a side of a map that travels in a report
DAYS = {"d": 1.0, "day": 1.0, "days": 1.0, "h": 1 / 24, "s": 1 / 86_400}


class Sphere(NamedTuple):
    """The points of a card's grid as arrays.

    Attributes:
        area: [lat, lon] shares of the sphere's area, summing to 1.
        land: [lat, lon] share of land, or None where the card does not say.
        orography: [lat, lon] m, or None.
        truncation: of the world, or None.
    """

    lat: np.ndarray
    lon: np.ndarray
    weights: np.ndarray
    area: np.ndarray
    land: np.ndarray | None
    orography: np.ndarray | None
    truncation: int | None


def sphere(card: WorldCard) -> Sphere:
    """The card's grid; `CannotMeasure` for a world that has none."""
    g = card.grid
    if g is None:
        raise CannotMeasure(f"{card.name} has no grid on a sphere, which this measure needs")
    lat, lon, weights = np.array(g.lat), np.array(g.lon), np.array(g.weights)
    shape = len(lat), len(lon)
    return Sphere(
        lat, lon, weights, point_weights(weights, len(lon)),
        np.reshape(g.land, shape) if g.land else None,
        np.reshape(g.orography, shape) if g.orography else None,
        g.truncation,
    )  # fmt: skip


def transform(card: WorldCard, truncation: int | None = None) -> Harmonics:
    """Spherical harmonics of the card's grid, by default up to the world's own truncation.

    A grid without one (files) is taken as far as it safely goes, but not beyond FINEST, where preparing takes minutes.
    """
    where = sphere(card)
    if truncation is None:
        truncation = where.truncation or min(FINEST, largest_truncation(where.lat, where.lon))
    return harmonics(where.lat, where.lon, truncation, where.weights)


def has(runs: Runs, card: WorldCard, name: str) -> bool:
    """Whether a run holds a variable as fields on the card's grid."""
    where = sphere(card)
    return name in runs.obs and runs.obs[name].shape[-2:] == (len(where.lat), len(where.lon))


def held(runs: Runs, card: WorldCard, wanted: Iterable[str]) -> tuple[str, ...]:
    """The wanted variables that there are; `CannotMeasure` where none is."""
    wanted = tuple(wanted)
    found = tuple(name for name in wanted if has(runs, card, name))
    if not found:
        raise CannotMeasure(f"{card.name} has none of the fields asked for: {', '.join(wanted)}")
    return found


def field(runs: Runs, name: str, leads: np.ndarray | slice = slice(None)) -> np.ndarray:
    """[unit, lead, lat, lon] of each unit's first member, as it is stored."""
    if name not in runs.obs:
        raise CannotMeasure(f"no field {name!r} was saved")
    return runs.obs[name][:, 0, leads]


def living_in(runs: Runs, names: Iterable[str]) -> np.ndarray:
    """[unit] whether no member was marked as lost and these fields are finite throughout.

    Only what a measure reads: a run of an atmosphere has gigabytes in other fields, and files open them one at a time.
    """
    alive = kept(runs)
    for name in names:
        for i in np.flatnonzero(alive):
            alive[i] = bool(np.isfinite(runs.obs[name][i]).all())
    return alive


def scale_of(card: WorldCard, name: str) -> float:
    """The card's typical standard deviation of a variable."""
    return next(v.scale for v in card.variables if v.name == name)


def days(card: WorldCard, runs: Runs) -> np.ndarray:
    """[lead] time since the start in days."""
    return np.asarray(runs.time, float) * _day(card)


def step_in_days(card: WorldCard, runs: Runs) -> float:
    """Time between two kept observations in days."""
    return saved_step(runs) * _day(card)


def daily(card: WorldCard, runs: Runs, name: str) -> np.ndarray:
    """[unit, day, lat, lon] means over whole days; `CannotMeasure` where observations lie further apart than a day."""
    step = step_in_days(card, runs)
    per = round(1 / step)
    if per < 1 or abs(per * step - 1) > 1e-6:
        raise CannotMeasure(f"{runs.label!r} was saved every {step:g} d; whole days are needed")
    x = field(runs, name)
    count = x.shape[1] // per
    if count < 3:
        raise CannotMeasure(f"{runs.label!r} is {count} days long; at least 3 are needed")
    x = x[:, : count * per]
    return x if per == 1 else x.reshape(len(x), count, per, *x.shape[2:]).mean(axis=2)


def regions(where: Sphere) -> dict[str, np.ndarray]:
    """Name -> [lat, lon] share of each cell: the parts of the world a portrait shows."""
    out = {
        "globe": np.ones(where.area.shape),
        "tropics": box(where.lat, where.lon, -20, 20).astype(float),
        "north": box(where.lat, where.lon, 20, 90).astype(float),
        "south": box(where.lat, where.lon, -90, -20).astype(float),
    }
    if where.land is not None and 0 < where.land.mean() < 1:
        out |= {"land": where.land, "ocean": 1 - where.land}
    return out


def shares(where: Sphere, region: np.ndarray | None = None) -> np.ndarray:
    """[lat * lon] area shares within a region, summing to 1."""
    w = where.area if region is None else where.area * region
    return (w / w.sum()).ravel()


def against_mean(x: np.ndarray, truth: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """[living unit] pseudo-values of the mean over units of |x_i - R|^2, R the truth's mean, without the noise of R.

    U = mean |x_i|^2 - 2 mean(x) . mean(r) + mean over j != k of r_j . r_k (the pseudo-values leave x_i . r_i out,
    too). How far is *one* unit of the subject from the truth's climate? An independent run of the truth scores the
    sampling variance of one unit, a state that stands still the variance of the weather, a bias its square on top.

    Args:
        x: [living unit, feature] of the subject.
        truth: [unit, feature]; its unit i is left out together with the subject's.
        alive: [unit of the subject].
    """
    r = beside(truth, alive)
    if not len(x):
        return np.zeros(0)
    centre = r.mean(axis=0)
    x, r = x - centre, r - centre
    own = np.einsum("if,if->i", x, x)
    n = len(x)
    if n < 3 or not paired(truth, alive):
        return own  # about the truth's mean taken as exact
    squares = np.einsum("if,if->i", r, r)
    total, both = x.sum(axis=0), r.sum(axis=0)

    def statistic(count: int, a: np.ndarray, cross: np.ndarray, pair: np.ndarray) -> np.ndarray:
        return a / count - 2 * cross / count**2 + pair / (count * (count - 1))

    whole = statistic(n, own.sum(), total @ both, both @ both - squares.sum())
    cross = total @ both - x @ both - r @ total + np.einsum("if,if->i", x, r)
    pair = (both @ both - 2 * (r @ both) + squares) - (squares.sum() - squares)
    return pseudo_values(whole, statistic(n - 1, own.sum() - own, cross, pair))


def flat(x: np.ndarray) -> np.ndarray:
    """[unit, everything else], also without any unit."""
    return x.reshape(len(x), math.prod(x.shape[1:]))


def living_rows(table: UnitTable, key: str) -> np.ndarray:
    """[living unit, ...] of one entry of a table."""
    return table[key][table["alive"]]


def map_figure(
    name: str, title: str, where: Sphere, fields: Mapping[str, np.ndarray], *, units: str, **style: Any
) -> Curve:
    """Maps over coastlines, one a role (or "difference"), at most SIDE points a side; see `spec.figures.map_curve`."""
    lat, lon = where.lat, where.lon
    if len(lon) > SIDE:
        fields = {k: np.asarray(scipy.signal.resample(x, SIDE, axis=-1)) for k, x in fields.items()}
        lon = lon[0] + 360.0 * np.arange(SIDE) / SIDE
    if len(lat) > SIDE:
        fewer = np.linspace(lat[0], lat[-1], SIDE)
        fields = {k: np.stack([np.interp(fewer, lat, c) for c in x.T], axis=1) for k, x in fields.items()}
        lat = fewer
    return map_curve(name, title, lat, lon, fields, units=units, **style)


def card_of(evidence: Mapping[str, Evidence]) -> WorldCard:
    """The card behind a figure."""
    return evidence["truth"].card


def _day(card: WorldCard) -> float:
    if card.time_units not in DAYS:
        raise CannotMeasure(f"{card.name} counts time in {card.time_units!r}; known: {', '.join(DAYS)}")
    return DAYS[card.time_units]
