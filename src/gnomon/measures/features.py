"""The quantities whose mean responds to a forcing, and the response of each unit.

Features of a state: each variable over its scale, and the square of its anomaly over the squared scale, about the
mean of the same model's control run. A homogeneous variable is averaged over its axes when no knob has a pattern. When
one has, its large-scale harmonics are kept, up to twice the highest wavenumber of the patterns: the response to a
pattern lives there (the odd part on the pattern's own wavenumbers, the even part on twice those), and point by point it
would drown in the noise of scales that no knob reaches. On a plane they are the waves up to that number along each side
(`plane_waves`). On a sphere they are the spherical harmonics up to total wavenumber 10, and their squares sum to a mean
over area. Other variables are kept number by number.
"""

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.plane_waves import on_plane, plane_waves
from gnomon.measures.tables import each_unit, living, runs_of
from gnomon.numerics.sphere.harmonics import harmonics as spherical_harmonics
from gnomon.spec.cards import Variable, WorldCard

LEAST = 1e-2  # the least internal variability, as a share of the scale, where the observation error is smaller still
SMOOTHEST = (
    10  # total wavenumber up to which a field on the sphere is kept: planetary waves, the wave trains of ENSO
)
STRONG = 0.1  # share of a pattern's power that makes a wavenumber one of the pattern's own

Centre = dict[str, np.ndarray]  # variable -> mean of the control run, in scales


def judged(card: WorldCard) -> list[Variable]:
    """The variables whose responses are graded: all but those that the card only shows."""
    return [v for v in card.variables if v.name not in card.shown]


def averaged(card: WorldCard, variable: Variable) -> bool:
    """Whether the points of a variable respond alike, so that their average is the feature."""
    return variable.homogeneous and all(k.pattern is None for k in card.knobs)


def harmonics(card: WorldCard, variable: Variable) -> int | None:
    """The highest wavenumber kept of a ring that some knob forces by a pattern; None for any other variable."""
    if not variable.homogeneous or len(variable.shape) != 1 or averaged(card, variable):
        return None
    highest = 1
    for knob in card.knobs:
        if knob.pattern is not None and len(knob.pattern) == variable.shape[0]:
            power = np.abs(np.fft.rfft(knob.pattern)) ** 2
            highest = max(highest, int(np.flatnonzero(power > STRONG * power.sum()).max(initial=1)))
    return min(2 * highest, (variable.shape[0] - 1) // 2)


def basis(card: WorldCard, variable: Variable) -> tuple[np.ndarray, list[str]]:
    """[feature, point] weights that turn a variable's points into its features, and what each is called."""
    size = math.prod(variable.shape)
    if averaged(card, variable) or size == 1:
        return np.full((1, size), 1 / size), [variable.name]
    grid = card.grid
    if grid is not None and variable.dims == ("lat", "lon"):
        return _spherical(grid.lat, grid.lon, grid.weights), [f"{variable.name}, {w}" for w in _waves()]
    if on_plane(variable):
        return plane_waves(card, variable)
    top = harmonics(card, variable)
    if top is None:
        return np.eye(size), [f"{variable.name}[{i}]" for i in range(size)]
    angle = 2 * np.pi * np.arange(size) / size
    rows, called = [np.ones(size) / size], [f"{variable.name}, ring mean"]
    for k in range(1, top + 1):
        for wave, word in ((np.cos, "cos"), (np.sin, "sin")):
            rows.append(2 * wave(k * angle) / size)
            called.append(f"{variable.name}, {word} {k}")
    return np.stack(rows), called


def on_sphere(card: WorldCard, variable: Variable) -> bool:
    """Whether a variable is one field on the sphere."""
    return card.grid is not None and variable.dims == ("lat", "lon")


def _waves() -> list[str]:
    """What each spherical harmonic is called, in order of wavenumber along longitude, then of total wavenumber."""
    called = []
    for m in range(SMOOTHEST + 1):
        for n in range(m, SMOOTHEST + 1):
            called += [f"degree {n}"] if m == 0 else [f"cos {m} of degree {n}", f"sin {m} of degree {n}"]
    return ["global mean", *called[1:]]


@functools.lru_cache(maxsize=8)
def _spherical(lat: tuple[float, ...], lon: tuple[float, ...], weights: tuple[float, ...]) -> np.ndarray:
    """[harmonic, point] weights of the real harmonics with mean square one, so that squares sum to a mean over area."""
    transform = spherical_harmonics(np.array(lat), np.array(lon), SMOOTHEST, np.array(weights))
    angle = np.radians(np.array(lon))
    rows = []
    for m in range(SMOOTHEST + 1):
        waves = [np.ones_like(angle)] if m == 0 else [math.sqrt(2) * f(m * angle) for f in (np.cos, np.sin)]
        for n in range(m, SMOOTHEST + 1):
            rows += [np.outer(transform.inverse[m, n], wave).ravel() / len(lon) for wave in waves]
    return np.stack(rows)


def names(card: WorldCard) -> list[str]:
    """In words, one for each feature, in order."""
    return [
        f"{kind} of {n}" for kind in ("mean", "variance") for v in judged(card) for n in basis(card, v)[1]
    ]


def centre_of(card: WorldCard, control: Runs) -> Centre:
    """The mean of a control run over living units and time, in scales."""
    alive = living(control)
    return {
        k: x[alive].mean(axis=(0, 1)) if alive.any() else np.zeros(x.shape[2:])
        for k, x in _states(card, control).items()
    }


def features(card: WorldCard, runs: Runs, centre: Centre) -> np.ndarray:
    """[unit, lead, feature]."""
    states = _states(card, runs)
    firsts, squares = [], []
    for v in judged(card):
        x = states[v.name]
        square = (x - centre[v.name]) ** 2
        weights = basis(card, v)[0].T
        firsts.append(x @ weights)
        squares.append(square @ weights)
    return np.concatenate(firsts + squares, axis=2)


def least_variance(card: WorldCard) -> np.ndarray:
    """[feature] the variance below which a feature's own variability cannot be seen: the observation error's."""
    least = []
    for v in judged(card):
        count = len(basis(card, v)[1])
        share = count if on_sphere(card, v) else 1  # an error at a point is spread over all harmonics
        least.extend([max(v.obs_error / v.scale, LEAST) ** 2 / share] * count)
    return np.array(least * 2)


def control_table(evidence: Evidence, units: int) -> tuple[Centre, UnitTable]:
    """The control run's centre, and what every response needs from it, for so many units.

    A control of twice, three times ... as many units is averaged in groups: unit i has controls i, i + n, i + 2 n and
    so on. So each response is held against a better known control, and units stay independent.
    """
    card, control = evidence.card, runs_of(evidence, "control")
    centre = centre_of(card, control)
    whole = features(card, control, centre).mean(axis=1)
    lives = living(control)
    if len(lives) < units or len(lives) % units:
        raise CannotMeasure(
            f"the control needs as many units as the forced runs or a multiple, got {len(lives)} for {units}"
        )
    middle = whole[lives].mean(axis=0) if lives.any() else np.zeros(whole.shape[1])
    count = max(int(lives.sum()), 2)
    scatter = np.where(lives[:, None], (whole - middle) ** 2 * count / (count - 1), 0.0)
    alive = np.asarray(lives.reshape(-1, units).any(axis=0))
    return centre, {
        "control": grouped(whole, lives, units),
        "variability": grouped(scatter, lives, units),
        "least": each_unit(least_variance(card), units),
        "alive": alive,
    }


def grouped(x: np.ndarray, lives: np.ndarray, units: int) -> np.ndarray:
    """[unit, ...] mean over the living members of each group of rows i, i + units, i + 2 units and so on."""
    shape = (len(x) // units, units)
    counts = lives.reshape(*shape, *(1,) * (x.ndim - 1))
    total = np.where(counts, x.reshape(*shape, *x.shape[1:]), 0.0).sum(axis=0)
    return total / np.maximum(counts.sum(axis=0), 1)


def response_table(evidence: Evidence, offsets: Mapping[str, Any]) -> UnitTable:
    """Each unit's response to each steady forcing: time mean of the features less that of the same unit's control.

    Args:
        evidence: of one model.
        offsets: label of an experiment -> size of its forcing; kept in the order of the sizes.

    Returns:
        "response" [unit, forcing, feature], "offset" [unit, forcing], "variability" and "least" [unit, feature],
        "alive" [unit] (in the control and under every forcing).
    """
    order = sorted(offsets, key=lambda label: float(offsets[label]))
    if not order:
        raise CannotMeasure(
            "no forcing of the ladder lies within the training range; ask for smaller rungs too"
        )
    forced = [runs_of(evidence, label) for label in order]
    units = len(forced[0].diverged)
    if any(len(runs.diverged) != units for runs in forced):
        raise CannotMeasure(
            f"forced runs need equal numbers of units, got {[len(r.diverged) for r in forced]}"
        )
    centre, table = control_table(evidence, units)
    means = [features(evidence.card, runs, centre).mean(axis=1) for runs in forced]
    alive = np.all([table["alive"], *(living(runs) for runs in forced)], axis=0)
    return {
        "response": np.stack(means, axis=1) - table["control"][:, None],
        "offset": each_unit(np.array([float(offsets[label]) for label in order]), units),
        "variability": table["variability"],
        "least": table["least"],
        "alive": alive,
    }


def variability(truth: UnitTable) -> np.ndarray:
    """[feature] internal variability: the variance, between units of the truth's control, of a feature's time mean.

    What a response is measured in, since a forced signal has to be seen against it. The variance in time would do for
    one feature, but not for several: a slow feature that hardly responds (the lobe of Lorenz-63) would drown in its own
    sampling noise the fast ones that do.
    """
    return np.maximum(truth["variability"].mean(axis=0), truth["least"][0])


def normalised(truth: UnitTable, table: UnitTable, key: str = "response") -> np.ndarray:
    """[living unit, …, feature] over the truth's internal variability.

    Divided by the root of how many numbers a unit has, so that a square sums to their mean.
    """
    x = table[key][table["alive"]]
    return x / np.sqrt(variability(truth) * math.prod(x.shape[1:]))


def flat(x: np.ndarray) -> np.ndarray:
    """[unit, everything else]."""
    return x.reshape(len(x), -1) if len(x) else np.zeros((0, math.prod(x.shape[1:])))


def _states(card: WorldCard, runs: Runs) -> dict[str, np.ndarray]:
    """Variable -> [unit, lead, point] in scales."""
    out = {}
    for v in judged(card):
        x = np.asarray(runs.obs[v.name][:, 0], float) / v.scale
        out[v.name] = x.reshape(*x.shape[:2], -1)
    return out
