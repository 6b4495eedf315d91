"""The mean state as a linear function of the knobs, point by point: the part of a response that scales."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.core.learner import Data


class ForcedMean(eqx.Module):
    """mean + (knobs - centre) @ slopes.

    Attributes:
        mean: [size] at the centre of the training knobs.
        slopes: [knob, size].
        centre: [knob].
    """

    mean: Float[Array, " size"]
    slopes: Float[Array, "knob size"]
    centre: Float[Array, " knob"]

    def at(self, knobs: Float[Array, " knob"]) -> Float[Array, " size"]:
        """The mean under these knob values."""
        return self.mean + (knobs - self.centre) @ self.slopes


def forced_mean(data: Data, states: np.ndarray) -> tuple[ForcedMean, np.ndarray]:
    """Least squares of training states [trajectory, time, size] on the knobs; also the residuals [sample, size]."""
    names = [k.name for k in data.card.knobs]
    rows = states.reshape(-1, states.shape[-1])
    knobs = np.stack([np.asarray(data.forcing[n], float)[data.train].ravel() for n in names], axis=1)
    centre = knobs.mean(axis=0)
    design = np.concatenate([np.ones((len(knobs), 1)), knobs - centre], axis=1)
    weights = np.linalg.pinv(design) @ rows
    residuals = rows - design @ weights
    fitted = ForcedMean(
        mean=jnp.asarray(weights[0].astype(float)),
        slopes=jnp.asarray(weights[1:].astype(float)),
        centre=jnp.asarray(centre.astype(float)),
    )
    return fitted, residuals
