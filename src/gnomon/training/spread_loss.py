"""The loss that teaches a network its own spread: the negative log likelihood of ln depth."""

import math
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from gnomon.spec.errors import BadSpec


def spread_log_loss(
    predicted: Float[Array, "..."],
    log_spread: Float[Array, "..."],
    truth: Float[Array, "..."],
    valid: Bool[Array, "..."],
    *,
    family: Literal["gaussian", "laplace"] = "laplace",
    softened: float = 0.0,
) -> Float[Array, ""]:
    r"""Mean over the valid pixels of -ln p(ln truth), in nats, around ln predicted with a spread of exp(log_spread).

    .. math::
        \text{laplace: } \ln 2s + |r| / s, \qquad \text{gaussian: } \tfrac12 \ln 2\pi + \ln s + r^2 / 2 s^2, \qquad
        r = \ln d - \ln \hat d

    Kendall and Gal (2017, arXiv 1703.04977) for depth; the network tells ln s, which may be any number. At a fixed
    error the loss is least where s is |r|. With `softened` b every pixel is weighted by s^(2b) (gaussian) or s^b
    (laplace), through which no derivative passes: Seitzer and others (2022, arXiv 2203.09168) found that without it a
    network gives up on pixels that it has called uncertain, and use b = 1/2. The weighted sum is no likelihood.

    A map without a valid pixel costs nothing, and neither does what stands at pixels that are not valid.
    """
    if family not in ("gaussian", "laplace") or not 0 <= softened <= 1:
        raise BadSpec(f"expected gaussian or laplace and 0 <= softened <= 1, got {family!r} and {softened}")
    one = jnp.ones_like(predicted)
    gap = jnp.log(jnp.where(valid, truth, one)) - jnp.log(jnp.where(valid, predicted, one))
    told = jnp.where(valid, log_spread, 0.0)
    if family == "gaussian":
        power, cost = 2, 0.5 * math.log(2 * math.pi) + told + 0.5 * (gap * jnp.exp(-told)) ** 2
    else:
        power, cost = 1, math.log(2) + told + jnp.abs(gap) * jnp.exp(-told)
    weight = jax.lax.stop_gradient(jnp.exp(power * softened * told))
    return jnp.where(valid, weight * cost, 0.0).sum() / jnp.maximum(valid.sum(), 1)
