"""Fitting: from a space of settings to a fitted simulator, for every learner whose weights are trained.

One frame, so that all are tuned alike: each setting is trained (several seeds of it side by side where asked), every
snapshot is judged by free runs from the same validation moments, the best snapshot of all wins, and the log says
what was tried, what it cost and how each training went.
"""

import time as clock
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core.learner import Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.spec.errors import BadSpec
from gnomon.training.attractor_judge import AttractorJudge
from gnomon.training.free_run import FreeRunJudge, Verdict
from gnomon.training.search import Setting, draw_settings, search
from gnomon.training.trainer import Recipe, Stage, fit_weights

JUDGES = ("forecast", "attractor")


class Trainable(NamedTuple):
    """What a learner says of one setting.

    Attributes:
        make: (key) -> the untrained network of one seed, in the precision it is trained in.
        stages: of its training.
        data: handed to the losses.
        recipe: optimiser, rates, precision.
        simulator: (network) -> the simulator, in the precision of the data.
        memory: what the losses carry at the start.
    """

    make: Callable[[PRNGKeyArray], Any]
    stages: Sequence[Stage]
    data: Any
    recipe: Recipe
    simulator: Callable[[Any], AbstractSimulator]
    memory: Any = ()


def fit_networks(
    data: Data,
    trainable: Callable[[Setting], Trainable],
    space: Mapping[str, Sequence[Any]],
    *,
    name: str,
    budget: int,
    context: int,
    seeds: int = 1,
    defaults: Setting | None = None,
    starts: int = 16,
    steps: int = 200,
    judged: str = "forecast",
    key: PRNGKeyArray,
) -> Fit:
    """Search a space, train each setting, keep the best snapshot.

    Args:
        data: with training and validation trajectories.
        trainable: what is trained for a setting.
        space: setting -> its values, the sensible one first; the first of all is always tried first.
        name: of the learner.
        budget: settings tried.
        context: past observations the simulator wants (the most of all settings).
        seeds: trained side by side for each setting; the best on validation is kept.
        defaults: the setting tried first, where that is not the first value of each.
        starts: validation moments.
        steps: of every validation run at least.
        judged: one of JUDGES: what snapshots, seeds and settings are chosen by.
        key: of all draws.
    """
    began = clock.perf_counter()
    draw_key, make_key, train_key, judge_key = jax.random.split(key, 4)
    judge = _judge(judged, data, context, starts, steps, key=judge_key)
    histories: dict[str, Any] = {}

    def fit_one(setting: Setting) -> AbstractSimulator:
        number = len(histories) + 1
        ways = trainable(setting)
        trained = fit_weights(
            [ways.make(k) for k in jax.random.split(make_key, seeds)],
            ways.stages,
            ways.data,
            lambda network: judge(ways.simulator(network)),
            ways.recipe,
            memory=ways.memory,
            name=f"{name}, setting {number} of {len(settings)}",
            key=train_key,
        )
        histories[str(number)] = [seed.history for seed in trained]
        best = min(trained, key=lambda seed: seed.verdict.rank)
        return ways.simulator(best.model)

    settings = _settings(space, defaults, budget, key=draw_key)
    plain = {k: list(v) for k, v in space.items()}
    chosen = search(settings, fit_one, judge, space=plain, budget=budget)
    log = {**chosen.log, "seeds": seeds, "snapshots": histories, "seconds": clock.perf_counter() - began}
    return Fit(chosen.simulator, log)


def _judge(
    judged: str, data: Data, context: int, starts: int, steps: int, *, key: PRNGKeyArray
) -> Callable[[AbstractSimulator], Verdict]:
    if judged not in JUDGES:
        raise BadSpec(f"a training is judged by one of {', '.join(JUDGES)}, got {judged!r}")
    if judged == "attractor":
        return AttractorJudge(data, reserve=context, key=key)
    return FreeRunJudge(data, reserve=context, starts=starts, steps=steps, key=key)


def _settings(
    space: Mapping[str, Sequence[Any]], defaults: Setting | None, budget: int, *, key: PRNGKeyArray
) -> list[Setting]:
    first = defaults or {k: v[0] for k, v in space.items()}
    sizes = [len(v) for v in space.values()]
    others = []
    for index in np.ndindex(*sizes):
        setting = {k: v[i] for (k, v), i in zip(space.items(), index, strict=True)}
        if setting != first:
            others.append(setting)
    return draw_settings([first, *others], {}, budget, key=key)
