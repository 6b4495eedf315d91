"""From runs to per-unit arrays: which units live, states over their scales, channels of pooled sites."""

import math
from typing import Any, NamedTuple

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs, Unsupported
from gnomon.spec.cards import Variable, WorldCard


def runs_of(evidence: Evidence, label: str) -> Runs:
    """The runs of an experiment, or the reason why there are none."""
    runs = evidence.runs.get(label)
    if runs is None:
        raise CannotMeasure(f"no experiment labelled {label!r} was run")
    if isinstance(runs, Unsupported):
        raise CannotMeasure(runs.reason)
    return runs


def declared(evidence: Evidence, key: str) -> Any:
    """What the trial declares under a key."""
    if key not in evidence.design:
        raise CannotMeasure(f"the trial declares no {key!r}, which this measure needs")
    return evidence.design[key]


def living(runs: Runs) -> np.ndarray:
    """[unit] whether every member stayed on the attractor; a value that is not finite counts as lost."""
    alive = kept(runs)
    for x in runs.obs.values():
        alive &= np.isfinite(x).reshape(len(x), -1).all(axis=1)
    return alive


def kept(runs: Runs) -> np.ndarray:
    """[unit] whether no member was marked as diverged."""
    return np.asarray(np.all(np.asarray(runs.diverged) < 0, axis=1))


def with_lost(values: np.ndarray, alive: np.ndarray, lost: float = np.inf) -> np.ndarray:
    """[unit] the values of living units in their places, and `lost` in all others."""
    out = np.full(alive.shape, lost)
    out[alive] = values
    return out


def require_truth(truth: UnitTable) -> None:
    """Refuse a truth that itself left its attractor: nothing can be judged against it."""
    lost = int((~truth["alive"]).sum())
    if lost:
        raise CannotMeasure(f"the truth itself left its attractor in {lost} of {len(truth['alive'])} units")


def each_unit(value: Any, units: int) -> np.ndarray:
    """[unit, ...] the same value for every unit, without copies: tables have a unit axis everywhere."""
    value = np.asarray(value)
    return np.broadcast_to(value, (units, *value.shape))


def thinned(size: int, most: int) -> np.ndarray:
    """At most `most` evenly spaced indices of 0 … size - 1, first and last among them."""
    if size <= most:
        return np.arange(size)
    return np.unique(np.linspace(0, size - 1, most).round().astype(int))


def points(card: WorldCard, variable: Variable) -> np.ndarray:
    """Indices of the points of a variable, flattened, that stand for it: all of them, or an even cover of the sphere.

    On a sphere a latitude keeps longitudes in proportion to its circumference (a reduced grid), so that a plain mean
    over points is a mean over area, and neighbours that say almost the same are not all carried along.
    """
    size = math.prod(variable.shape)
    if card.grid is None or variable.dims[-2:] != ("lat", "lon"):
        return np.arange(size)
    weights, lon = np.asarray(card.grid.weights), len(card.grid.lon)
    most = max(4, lon // 4)
    rows = []
    for i, count in enumerate(np.maximum(1, np.rint(most * weights / weights.max())).astype(int)):
        offset = (i % 2) / (2 * count)  # every other row is shifted by half a spacing
        rows.append(i * lon + np.floor((np.arange(count) / count + offset) * lon).astype(int))
    level = np.concatenate(rows)
    layers = size // (len(weights) * lon)
    return np.concatenate([level + k * len(weights) * lon for k in range(layers)])


def scaled_state(card: WorldCard, runs: Runs, leads: np.ndarray | slice = slice(None)) -> np.ndarray:
    """[unit, member, lead, component] every component (see `points`) of every variable over the variable's scale."""
    parts = []
    for v in card.variables:
        x = runs.obs[v.name][:, :, leads]
        parts.append(_at_points(card, v, x, 3).astype(float) / v.scale)
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def lyapunov_times(card: WorldCard, runs: Runs) -> np.ndarray:
    """[lead] time since the start of the run in Lyapunov times."""
    return np.asarray(runs.time, float) / card.timescale


def saved_step(runs: Runs) -> float:
    """Time between two kept observations."""
    if len(runs.time) < 2:
        raise CannotMeasure(f"experiment {runs.label!r} keeps one observation a run; a series is needed")
    return float(runs.time[1] - runs.time[0])


def sites_alike(card: WorldCard, variable: Variable) -> bool:
    """Whether all points of a variable share one climate at the default knobs.

    They do where the variable is homogeneous and no knob imprints its pattern on them (its default is zero).
    """
    return variable.homogeneous and all(k.pattern is None or k.default == 0 for k in card.knobs)


class Channels(NamedTuple):
    """One variable's values with alike points pooled.

    Attributes:
        values: [unit, lead, channel, site] over the scale; alike points are sites of one channel.
    """

    variable: Variable
    values: np.ndarray


def channels(card: WorldCard, runs: Runs) -> list[Channels]:
    """Every variable as channels (statistics apart) and sites (statistics pooled); the first member of each unit."""
    out = []
    for v in card.variables:
        x = _at_points(card, v, runs.obs[v.name][:, 0], 2).astype(float) / v.scale
        out.append(Channels(v, x[:, :, None, :] if sites_alike(card, v) else x[..., None]))
    return out


def channel_names(card: WorldCard) -> list[tuple[str, Variable]]:
    """The name of each channel, in the order of `channels`, and the variable it belongs to."""
    out = []
    for v in card.variables:
        if sites_alike(card, v) or math.prod(v.shape) == 1:
            out.append((v.name, v))
        else:
            out.extend((f"{v.name}[{i}]", v) for i in points(card, v))
    return out


def _at_points(card: WorldCard, variable: Variable, x: np.ndarray, leading: int) -> np.ndarray:
    """[..., point] the values of a variable at its `points`; `leading` axes stand before its own."""
    flat = x.reshape(*x.shape[:leading], -1)
    return flat if card.grid is None else flat[..., points(card, variable)]
