"""Steady experiments on the sphere: each unit's mean climate, and its change from the unit's own control."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gnomon.core.measure import CannotMeasure
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.features import grouped
from gnomon.measures.sphere.fields import step_in_days
from gnomon.measures.tables import kept, runs_of
from gnomon.spec.cards import Grid, WorldCard

LEAST_TIMES = 10  # of a series whose variance is taken


class Steady(NamedTuple):
    """Means over members and time, unit by unit.

    Attributes:
        offset: [forcing] ascending.
        control: variable -> [unit, lat, lon].
        change: variable -> [unit, forcing, lat, lon], forced mean less control mean.
        noise: variable -> [unit, lat, lon], each unit's share of the variance of the control's time mean between units:
            its mean over living units is the unbiased variance.
        alive: [unit] in the control and under every forcing.
        controls: how many units the control had; groups of them are averaged where there are more than responses.
    """

    offset: np.ndarray
    control: dict[str, np.ndarray]
    change: dict[str, np.ndarray]
    noise: dict[str, np.ndarray]
    alive: np.ndarray
    controls: int


def grid_of(evidence: Evidence) -> Grid:
    """The card's grid."""
    if evidence.card.grid is None:
        raise CannotMeasure(f"{evidence.card.name!r} declares no grid of latitudes and longitudes")
    return evidence.card.grid


def unit_mean(card: WorldCard, runs: Runs, name: str) -> np.ndarray:
    """[unit, lat, lon] a variable's mean over members and kept time; "eke250" is made of the winds at that level."""
    if name.startswith("eke"):
        return _eddy_energy(card, runs, name.removeprefix("eke"))
    if name not in runs.obs:
        raise CannotMeasure(f"experiment {runs.label!r} holds no {name!r}")
    return np.asarray(runs.obs[name]).mean(axis=(1, 2), dtype=float)


def _eddy_energy(card: WorldCard, runs: Runs, level: str) -> np.ndarray:
    """[unit, lat, lon] half the variance in time of both winds of each run.

    Means over a day lose a part of the fast eddies, and truth and model lose the same; means over more lose the storms,
    and are refused.
    """
    if len(runs.time) < LEAST_TIMES or step_in_days(card, runs) > 1 + 1e-6:
        raise CannotMeasure(
            f"eddy kinetic energy needs instants or daily means, at least {LEAST_TIMES} of them, and "
            f"{runs.label!r} keeps {len(runs.time)} means over longer times"
        )
    out = np.zeros(())
    for wind in (f"ua{level}", f"va{level}"):
        if wind not in runs.obs:
            raise CannotMeasure(f"experiment {runs.label!r} holds no {wind!r}")
        out = out + np.asarray(runs.obs[wind]).var(axis=2, dtype=float).mean(axis=1) / 2
    return out


def steady(evidence: Evidence, offsets: Mapping[str, Any], names: tuple[str, ...]) -> Steady:
    """Means of the named variables under every forcing.

    A control of twice, three times … as many units as the responses is averaged in groups, so that each response is
    held against a better known control and units stay independent. A variable's mean that is not finite counts as lost.

    Args:
        evidence: of one model.
        offsets: label of an experiment -> size of its forcing.
        names: variables.
    """
    if not offsets:
        raise CannotMeasure("the trial declares no forcing of this kind")
    order = sorted(offsets, key=lambda label: float(offsets[label]))
    forced = [runs_of(evidence, label) for label in order]
    control = runs_of(evidence, "control")
    units, controls = len(forced[0].diverged), len(control.diverged)
    if any(len(runs.diverged) != units for runs in forced) or controls < units:
        counts = ", ".join(f"{r.label} {len(r.diverged)}" for r in (control, *forced))
        raise CannotMeasure(
            f"forced runs need equal numbers of units, and no fewer in the control; got {counts}"
        )
    if controls % units:
        raise CannotMeasure(
            f"the control needs a multiple of the {units} units of the forced runs, got {controls}"
        )
    whole = {name: unit_mean(evidence.card, control, name) for name in names}
    means = {name: [unit_mean(evidence.card, runs, name) for runs in forced] for name in names}
    lives = kept(control) & _finite(list(whole.values()))
    alive = np.asarray(lives.reshape(-1, units).any(axis=0))
    for i, runs in enumerate(forced):
        alive = alive & kept(runs) & _finite([means[name][i] for name in names])
    out: dict[str, dict[str, np.ndarray]] = {"control": {}, "change": {}, "noise": {}}
    for name in names:
        base = grouped(whole[name], lives, units)
        out["control"][name] = base
        out["change"][name] = np.stack(means[name], axis=1) - base[:, None]
        out["noise"][name] = grouped(_scatter(whole[name], lives), lives, units)
    offset = np.array([float(offsets[label]) for label in order])
    return Steady(offset, out["control"], out["change"], out["noise"], alive, controls)


def _scatter(x: np.ndarray, lives: np.ndarray) -> np.ndarray:
    n = max(int(lives.sum()), 2)
    middle = x[lives].mean(axis=0) if lives.any() else np.zeros(x.shape[1:])
    return np.where(lives.reshape(-1, *(1,) * (x.ndim - 1)), (x - middle) ** 2 * n / (n - 1), 0.0)


def _finite(arrays: list[np.ndarray]) -> np.ndarray:
    return np.all([np.isfinite(x).reshape(len(x), -1).all(axis=1) for x in arrays], axis=0)
