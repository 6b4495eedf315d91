"""How a network learns how sure it is, and how its spreads are scaled afterwards."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.learners.sidert.depth_training import augmented
from gnomon.learners.sidert.pictures import Pictures, judged
from gnomon.learners.sidert.spread_model import SpreadDepth, SpreadScaling, all_told, as_told
from gnomon.numerics.depth_metrics import SCENE_CAP
from gnomon.numerics.spread_calibration import fitted_spread, fitted_temperature
from gnomon.spec.errors import BadData, UnknownName
from gnomon.training.spread_loss import spread_log_loss

SCALINGS = ("none", "temperature", "isotonic")
SOFTENED = 0.5  # as Seitzer and others advise
KNOTS = 200  # of an isotonic scaling: quantiles of its own knots, where it has more


class SpreadLoss(eqx.Module):
    """The negative log likelihood of ln depth under the told Laplace distribution, on augmented pictures."""

    gain: Float[Array, ""]

    def __call__(
        self,
        model: SpreadDepth,
        memory: Any,
        data: Pictures,
        rows: Array,
        progress: Array,
        key: PRNGKeyArray,
    ) -> tuple[Array, Any]:
        """`rows`: which pictures."""
        images, depth = augmented(data.images[rows], data.depth[rows], self.gain, key=key)
        valid = (depth > SCENE_CAP[0]) & (depth < SCENE_CAP[1])
        told = jax.vmap(model.told)(images)

        def cost(middle: Array, spread: Array, truth: Array, counts: Array) -> Array:
            return spread_log_loss(middle, jnp.log(spread), truth, counts, softened=SOFTENED)

        return jnp.mean(jax.vmap(cost)(told.depth, told.spread, depth, valid)), memory


def scaled(model: SpreadDepth, pictures: Pictures, scaling: str) -> SpreadDepth:
    """The model with spreads that fit pictures which it was not trained on; its depths stay what they are."""
    if scaling not in SCALINGS:
        raise UnknownName(f"no scaling {scaling!r}; there are: {', '.join(SCALINGS)}")
    plain = dataclasses.replace(model, scaling=as_told())
    if scaling == "none":
        return plain
    told = all_told(plain, pictures.images)
    truth = np.asarray(pictures.depth, float)
    counted = [(n, judged(t)) for n, t in enumerate(truth) if judged(t).any()]
    if not counted:
        raise BadData("no pixel of these pictures has a depth to scale spreads by")
    errors = [np.log(truth[n][at]) - np.log(np.asarray(told.depth[n], float)[at]) for n, at in counted]
    spreads = [np.asarray(told.spread[n], float)[at] for n, at in counted]
    if scaling == "temperature":
        return dataclasses.replace(model, scaling=as_told(fitted_temperature(errors, spreads, "laplace")))
    rising = fitted_spread(errors, spreads, "laplace")
    at = np.unique(np.linspace(0, len(rising.x) - 1, KNOTS).round().astype(int))
    told_at, scaled_to = (tuple(float(v) for v in part[at]) for part in (rising.x, rising.y))
    return dataclasses.replace(model, scaling=SpreadScaling(told_at, scaled_to, 1.0))
