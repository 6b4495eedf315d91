"""Two quasi-geostrophic layers on the periodic plane: inversion, advection in nine transforms, budgets."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from gnomon.numerics.plane_spectral import Field, Plane, Spectrum, times, times_i


class Coupling(NamedTuple):
    """How the layers hold each other.

    Attributes:
        stiffness: 1 / (deformation radius)^2, the sum F1 + F2.
        upper: F1 over that sum, 1 / (1 + H1 / H2), which is also the lower layer's share of the depth.
        lower: F2 over that sum, H1 / (H1 + H2), the upper layer's share of the depth.
    """

    stiffness: Float[Array, ""]
    upper: Float[Array, ""]
    lower: Float[Array, ""]


def coupling(radius: Float[Array, ""], ratio: Float[Array, ""]) -> Coupling:
    """Of a deformation radius and the ratio H1 / H2 of the depths."""
    return Coupling(1 / radius**2, 1 / (1 + ratio), ratio / (1 + ratio))


def stream_functions(plane: Plane, q: Spectrum, hold: Coupling) -> Spectrum:
    """[layer, ...] stream functions of potential vorticities [layer, ...].

    q1 = Lap psi1 + F1 (psi2 - psi1), q2 = Lap psi2 + F2 (psi1 - psi2). The depth mean of q is the Laplacian of that of
    psi; the difference q1 - q2 is (Lap - F1 - F2)(psi1 - psi2): one division a wave, and no matrix.
    """
    mean = times(plane.inverse, times(hold.lower, q[0]) + times(hold.upper, q[1]))
    stiff = jnp.where(plane.inverse == 0, 0, -1 / (plane.square + hold.stiffness))
    sheared = times(stiff, q[0] - q[1])
    return jnp.stack([mean + times(hold.upper, sheared), mean - times(hold.lower, sheared)])


def potential_vorticity(plane: Plane, psi: Spectrum, hold: Coupling) -> Spectrum:
    """The inverse of `stream_functions`."""
    gap = hold.stiffness * (psi[1] - psi[0])
    return plane.laplacian(psi) + jnp.stack([hold.upper * gap, -hold.lower * gap])


def layer_products(u: Field, v: Field) -> Field:
    """[5, y, x] the stresses of both layers and u1 v2 - v1 u2, which is J(psi1, psi2): all that advection needs."""
    return jnp.concatenate(
        [u * v, (v - u) * (v + u), (u[0] * v[1] - v[0] * u[1])[None]], axis=-3
    )  # [u1 v1, u2 v2, stretch 1, stretch 2, cross]


def layer_advection(plane: Plane, products: Spectrum, hold: Coupling) -> Spectrum:
    """-J(psi_i, q_i) of both layers from the spectra of `layer_products`.

    J(psi1, q1) = J(psi1, Lap psi1) + F1 J(psi1, psi2), so vorticity fluxes are not needed: four inverse and five
    forward transforms in all, where u q and v q take six and four.
    """
    own = times(plane.shear, products[:2]) + times(plane.stretch, products[2:4])
    cross = times(plane.mask * hold.stiffness, products[4])
    return own + jnp.stack([times(-hold.upper, cross), times(hold.lower, cross)])


def layer_energy(plane: Plane, q: Spectrum, hold: Coupling) -> Float[Array, ""]:
    """Kinetic and potential energy per unit of mass, the mean over the plane and the depth."""
    psi = stream_functions(plane, q, hold)
    return -0.5 * layer_work(plane, psi, q, hold)


def layer_work(plane: Plane, psi: Spectrum, change: Spectrum, hold: Coupling) -> Float[Array, ""]:
    """The depth mean of <psi q>: minus twice the energy for q itself, minus the rate of energy for its tendency."""
    product = plane.mean_product(psi, change)
    return hold.lower * product[0] + hold.upper * product[1]


def mean_flow(
    plane: Plane, q: Spectrum, psi: Spectrum, hold: Coupling, *, shear: Array, beta: Array
) -> Spectrum:
    """What a mean flow (shear, 0) along x and the planet's rotation do: -(U_i q_i + Q_i psi_i)_x.

    Q1 = beta + F1 shear and Q2 = beta - F2 shear are the gradients of potential vorticity that the eddies live on.
    """
    rise = hold.stiffness * shear
    carried = jnp.stack(
        [
            times(shear, q[0]) + times(beta + hold.upper * rise, psi[0]),
            times(beta - hold.lower * rise, psi[1]),
        ]
    )
    return -times_i(plane.kx, carried)
