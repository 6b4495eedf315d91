"""How strongly a latent state must be forced: estimates of the norm of its Jacobians.

With a* = max(0, 1 - 1 / sigma) every forced Jacobian has norm (1 - a*) sigma <= 1 where sigma bounds it (Hess et al.
2023, arXiv 2306.04406, which also proposes estimators that are smaller than the bound).
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gnomon.spec.errors import BadSpec

ESTIMATORS = ("bound", "maximum", "geometric", "arithmetic")


class AbstractCell(eqx.Module):
    """A map of a latent state, with external inputs."""

    @abc.abstractmethod
    def start(self, seen: Float[Array, " channel"]) -> Float[Array, " latent"]:
        """The state that one observation suggests."""

    @abc.abstractmethod
    def step(self, state: Float[Array, " latent"], inputs: Float[Array, " input"]) -> Float[Array, " latent"]:
        """The next state."""

    @abc.abstractmethod
    def bound(self) -> Float[Array, ""]:
        """A bound on the norm of every Jacobian, from the parameters; infinite where none is known."""


def best_forcing(norm: Array) -> Array:
    """a* = max(0, 1 - 1 / norm)."""
    return jnp.maximum(0.0, 1.0 - 1.0 / norm)


def jacobian_norm(cell: AbstractCell, estimator: str, seen: Array, inputs: Array) -> Float[Array, ""]:
    """Sigma, by one of ESTIMATORS, from the states that data suggest; the largest over sequences.

    bound: from the parameters alone. maximum: the largest spectral norm. geometric: the geometric mean of spectral
    norms along a sequence, which bounds the growth of their product. arithmetic: the norm of the mean Jacobian.

    Args:
        cell: whose Jacobians are meant.
        estimator: one of ESTIMATORS.
        seen: [sequence, time, channel].
        inputs: [sequence, time, input].
    """
    if estimator not in ESTIMATORS:
        raise BadSpec(f"Jacobian norms are estimated by one of {', '.join(ESTIMATORS)}, got {estimator!r}")
    if estimator == "bound":
        return cell.bound()

    def slope(x: Array, u: Array) -> Array:
        return jax.jacfwd(cell.step)(cell.start(x), u)

    if estimator == "arithmetic":
        means = jax.vmap(lambda x, u: jnp.mean(jax.vmap(slope)(x, u), axis=0))(seen, inputs)
        return jnp.max(jax.vmap(spectral_norm)(means))
    norms = jax.vmap(jax.vmap(lambda x, u: spectral_norm(slope(x, u))))(seen, inputs)
    if estimator == "maximum":
        return jnp.max(norms)
    return jnp.max(jnp.exp(jnp.mean(jnp.log(jnp.maximum(norms, 1e-12)), axis=1)))


def spectral_norm(matrix: Float[Array, "row column"]) -> Float[Array, ""]:
    """Largest singular value, from the smaller of the two Gram matrices."""
    wide = matrix.shape[0] <= matrix.shape[1]
    gram = matrix @ matrix.T if wide else matrix.T @ matrix
    return jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(gram)[-1], 0.0))
