"""The quantities whose mean responds to a forcing, and the response of each unit.

Features of a state: each variable over its scale, and the square of its anomaly over the squared scale, about the
mean of the same model's control run. A homogeneous variable is averaged over its axes when no knob has a pattern, and
kept point by point when one has.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.tables import each_unit, living, runs_of
from gnomon.spec.cards import Variable, WorldCard

LEAST = 1e-3  # the least internal variability, as a share of the scale, where the observation error is smaller still

Centre = dict[str, np.ndarray]  # variable -> mean of the control run, in scales


def averaged(card: WorldCard, variable: Variable) -> bool:
    """Whether the points of a variable respond alike, so that their average is the feature."""
    return variable.homogeneous and all(k.pattern is None for k in card.knobs)


def names(card: WorldCard) -> list[str]:
    """In words, one for each feature, in order."""
    out = []
    for kind in ("mean", "variance"):
        for v in card.variables:
            size = math.prod(v.shape)
            alone = size == 1 or averaged(card, v)
            out.extend(
                [f"{kind} of {v.name}"] if alone else [f"{kind} of {v.name}[{i}]" for i in range(size)]
            )
    return out


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
    for v in card.variables:
        x = states[v.name]
        square = (x - centre[v.name]) ** 2
        if averaged(card, v):
            x, square = x.mean(axis=2, keepdims=True), square.mean(axis=2, keepdims=True)
        firsts.append(x)
        squares.append(square)
    return np.concatenate(firsts + squares, axis=2)


def least_variance(card: WorldCard) -> np.ndarray:
    """[feature] the variance below which a feature's own variability cannot be seen: the observation error's."""
    least = []
    for v in card.variables:
        size = 1 if averaged(card, v) else math.prod(v.shape)
        least.extend([max(v.obs_error / v.scale, LEAST) ** 2] * size)
    return np.array(least * 2)


def control_table(evidence: Evidence) -> tuple[Runs, Centre, UnitTable]:
    """The control run, its centre, and what every response needs from it."""
    card, control = evidence.card, runs_of(evidence, "control")
    centre = centre_of(card, control)
    f = features(card, control, centre)
    alive = living(control)
    mean = f.mean(axis=1)
    middle = mean[alive].mean(axis=0) if alive.any() else np.zeros(mean.shape[1])
    units = max(int(alive.sum()), 2)
    variability = (mean - middle) ** 2 * units / (units - 1)
    least = each_unit(least_variance(card), len(alive))
    return control, centre, {"control": mean, "variability": variability, "least": least, "alive": alive}


def response_table(evidence: Evidence, offsets: Mapping[str, Any]) -> UnitTable:
    """Each unit's response to each steady forcing: time mean of the features less that of the same unit's control.

    Args:
        evidence: of one model.
        offsets: label of an experiment -> size of its forcing; kept in the order of the sizes.

    Returns:
        "response" [unit, forcing, feature], "offset" [unit, forcing], "variability" and "least" [unit, feature],
        "alive" [unit] (in the control and under every forcing).
    """
    control, centre, table = control_table(evidence)
    order = sorted(offsets, key=lambda label: float(offsets[label]))
    responses, alive = [], table["alive"]
    for label in order:
        runs = runs_of(evidence, label)
        if len(runs.diverged) != len(control.diverged):
            raise CannotMeasure(
                f"{label!r} has {len(runs.diverged)} units and control {len(control.diverged)}"
            )
        responses.append(features(evidence.card, runs, centre).mean(axis=1) - table["control"])
        alive = alive & living(runs)
    return {
        "response": np.stack(responses, axis=1),
        "offset": each_unit(np.array([float(offsets[label]) for label in order]), len(alive)),
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
    for v in card.variables:
        x = np.asarray(runs.obs[v.name][:, 0], float) / v.scale
        out[v.name] = x.reshape(*x.shape[:2], -1)
    return out
