"""The scale-invariant logarithmic loss of depth maps."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

_LEAST = 1e-6  # under the root: the loss of a perfect map is flat, not a NaN


def scale_invariant_log_loss(
    predicted: Float[Array, "..."],
    truth: Float[Array, "..."],
    valid: Bool[Array, "..."],
    *,
    balance: float = 0.85,
    weight: float = 10.0,
) -> Float[Array, ""]:
    r"""Weight times sqrt(mean g^2 - balance (mean g)^2), g = ln predicted - ln truth over the valid pixels of one map.

    Eigen, Puhrsch and Fergus (2014, arXiv 1406.2283) introduced the difference with a balance of 1/2; the root, the
    balance 0.85 and the weight 10 are those of Lee and others (2019, arXiv 1907.10326), which the literature since
    has used. The balance is the share of a common factor that goes unpunished: 1 makes the loss blind to it.

    A map without a valid pixel costs nothing: its loss is sqrt(1e-6) times the weight and its derivative 0. Values at
    pixels that are not valid play no part, whatever they are; where they are valid, both must be positive.
    """
    one = jnp.ones_like(predicted)
    gap = jnp.log(jnp.where(valid, predicted, one)) - jnp.log(jnp.where(valid, truth, one))
    count = jnp.maximum(valid.sum(), 1)
    mean = gap.sum() / count
    return weight * jnp.sqrt((gap**2).sum() / count - balance * mean**2 + _LEAST)
