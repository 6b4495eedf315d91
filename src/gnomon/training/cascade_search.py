"""Search for the structure and ridge strength of a cascade, for every learner built on one."""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Knobs
from gnomon.core.learner import Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.numerics.cascade import Cascade, Shape, count_features, fit_cascade
from gnomon.numerics.patches import Patches
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.sampling import Sample, sample_windows
from gnomon.training.search import Setting, draw_settings, search

ROWS = 30_000  # regression rows; more of them no longer move the weights beyond the observation error
FEATURES = 500  # at most: a Gram matrix costs rows * features^2


class Rows(NamedTuple):
    """What a cascade is regressed on."""

    slices: Float[Array, "row slice site channel"]
    knobs: Knobs
    targets: Float[np.ndarray, "row site channel"]


def search_cascades(
    data: Data,
    patches: Patches,
    structures: Sequence[Setting],
    cheap: Mapping[str, Sequence[Any]],
    budget: int,
    rows_of: Callable[[Sample], Rows],
    simulator_of: Callable[[Setting, Cascade], AbstractSimulator],
    *,
    extra_slices: int = 0,
    starts: int = 32,
    steps: int = 400,
    key: PRNGKeyArray,
) -> Fit:
    """Draw settings within the budget, fit them, keep the one with the best free runs on validation data.

    Args:
        data: training and validation trajectories.
        patches: how sites see the world.
        structures: settings with `delays`, `stages`, `degree`, `radius`, `reach`; the sensible default first.
            Those with too many features for this world are left out.
        cheap: must hold `ridge`, the strengths tried for every structure.
        budget: settings tried.
        rows_of: slices, knobs and targets at sampled moments.
        simulator_of: makes the simulator of a fitted cascade.
        extra_slices: slices that `rows_of` adds to the delayed states.
        starts: validation runs of each setting.
        steps: length of each at least.
        key: for the draws.
    """
    began = time.perf_counter()
    draw_key, row_key, judge_key = jax.random.split(key, 3)
    affordable = [
        s for s in structures if count_features(patches, shape_of(s), s["delays"] + extra_slices) <= FEATURES
    ] or [dict(delays=1, stages=1, degree=1, radius=0, reach=1)]
    reserve = max(s["delays"] for s in affordable)
    strengths = tuple(cheap["ridge"])

    @functools.lru_cache(maxsize=1)
    def path(structure: tuple[tuple[str, int], ...]) -> list[Cascade]:
        setting = dict(structure)
        sample = sample_windows(data, setting["delays"], most=max(1, ROWS // patches.sites), key=row_key)
        rows = rows_of(sample)
        return fit_cascade(patches, shape_of(setting), rows.slices, rows.knobs, rows.targets, strengths)

    def fit_one(setting: Setting) -> AbstractSimulator:
        cascades = path(tuple((k, v) for k, v in setting.items() if k != "ridge"))
        return simulator_of(setting, cascades[strengths.index(setting["ridge"])])

    chosen = search(
        draw_settings(affordable, cheap, budget, key=draw_key),
        fit_one,
        FreeRunJudge(data, reserve=reserve, starts=starts, steps=steps, key=judge_key),
        space={"structure": affordable, **{k: list(v) for k, v in cheap.items()}},
        budget=budget,
    )
    return Fit(chosen.simulator, {**chosen.log, "seconds": time.perf_counter() - began})


def shape_of(setting: Setting) -> Shape:
    """The cascade that a setting names."""
    return Shape(**{k: setting[k] for k in ("stages", "degree", "radius", "reach")})
