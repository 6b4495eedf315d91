"""A passive tracer in any flow on the plane: a dye with a mean gradient, stirred and diffused."""

import jax.numpy as jnp

from gnomon.numerics.plane_spectral import Field, Plane, Spectrum


def tracer_products(u: Field, v: Field, tracer: Field) -> Field:
    """(u c, v c), the two products a tracer needs, on a new axis before the last two."""
    return jnp.stack([u * tracer, v * tracer], axis=-3)


def tracer_tendency(plane: Plane, fluxes: Spectrum, wind: Spectrum, gradient: float) -> Spectrum:
    r"""Stirring of c, the part of a tracer C = G y + c that is periodic.

    .. math:: c_t = -\nabla \cdot (u c, v c) - G v + \kappa \nabla^2 c

    without the diffusion, which belongs to the exactly integrated part.

    Args:
        plane: its wavenumbers.
        fluxes: spectra of (u c, v c).
        wind: spectrum of v.
        gradient: G.
    """
    return -plane.divergence(fluxes) - gradient * wind
