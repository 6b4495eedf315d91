r"""Closures of two-dimensional and layered flows: what the eddies that a coarse grid cannot hold do to those it can.

Each is a tendency of vorticity (of potential vorticity in layers: a force along the flow changes both alike). Delta is
the `width` of the grid, C a pure number, D = (u_x - v_y, u_y + v_x) the deformation, w = Lap psi.

.. math::
    \text{Smagorinsky:} \quad & \nabla \times \nabla \cdot (\nu D), \quad \nu = (C \Delta)^2 |D| \\
    \text{Leith:} \quad & \nabla \cdot (\nu \nabla q), \quad \nu = (C \Delta)^3 |\nabla q| \\
    \text{Jansen-Held:} \quad & -\nabla^2 \nabla \cdot (\nu_4 \nabla w) - \nu_b \nabla^2 w, \quad
    \nu_4 = C^2 \Delta^4 |D|, \quad \nu_b = r \, \overline{\nu_4 |\nabla w|^2} / \overline{w^2}

The bar is the mean over the plane and the depth. Written so that what they take is exact on the grid, whatever the
viscosity does in space: Smagorinsky takes the energy <nu |D|^2>, Leith half the square of q at the rate
<nu |grad q|^2>, Jansen-Held the energy (1 - r) <nu_4 |grad w|^2>, and none at r = 1.

Smagorinsky (1963), doi:10.1175/1520-0493(1963)091<0099:GCEWTP>2.3.CO;2; Leith (1996),
doi:10.1016/0167-2789(96)00105-1, with potential vorticity as in Bachman, Fox-Kemper and Pearson (2017),
doi:10.1002/2016JC012265, but without the gradients of its mean (beta, the mean shear); Jansen and Held (2014),
doi:10.1016/j.ocemod.2014.06.002, in the local, instantaneous form that pyqg made of it (Ross et al. 2023,
doi:10.1029/2022MS003258), whose friction need not be of one sign; here it is.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.numerics.plane_spectral import Field, Plane, Spectrum, times

# Of the kept waves. Beyond, a coarse flow's own filter acts; it need not end them: they can hold half of the variance.
HELD = 2 / 3


class Layers(NamedTuple):
    """A flow as a closure sees it.

    Attributes:
        psi: [layer, ...] stream functions.
        carried: [layer, ...] what each layer carries along: vorticity, or potential vorticity.
        shares: [layer] of the depth; they sum to one.
    """

    psi: Spectrum
    carried: Spectrum
    shares: Float[Array, " layer"]


def grid_width(plane: Plane) -> float:
    """The distance of points that just hold the kept waves: Delta."""
    return plane.length / (2 * (plane.kept + 1))


def asked(plane: Plane) -> Float[Array, "row mode"]:
    """One for the waves that a coarse flow is asked for: |k| up to two thirds of the highest kept; zero beyond."""
    radius = jnp.sqrt(plane.square) * (plane.length / (2 * np.pi))
    return plane.mask * (radius <= HELD * plane.kept + 1e-3).astype(plane.mask.dtype)


def deformation(plane: Plane, psi: Spectrum) -> tuple[Field, Field]:
    """u_x - v_y and u_y + v_x of each layer, on the grid."""
    both = plane.to_grid(jnp.stack([times(2 * plane.stretch, psi), times(-plane.shear, psi)]))
    return both[0], both[1]


def gradient(plane: Plane, spectrum: Spectrum) -> tuple[Field, Field]:
    """Along x and y, on the grid."""
    both = plane.to_grid(jnp.stack([plane.ddx(spectrum), plane.ddy(spectrum)]))
    return both[0], both[1]


def smagorinsky(plane: Plane, flow: Layers, constant: Array | float) -> Spectrum:
    """The curl of the divergence of a stress that is everywhere against the deformation."""
    tension, shear = deformation(plane, flow.psi)
    viscosity = (constant * grid_width(plane)) ** 2 * jnp.sqrt(tension**2 + shear**2)
    stresses = plane.to_modes(viscosity * jnp.stack([tension, shear]))
    return times(2 * plane.stretch, stresses[0]) + times(-plane.shear, stresses[1])


def leith(plane: Plane, flow: Layers, constant: Array | float) -> Spectrum:
    """Diffusion of what is carried, strong where its gradient is."""
    along_x, along_y = gradient(plane, flow.carried)
    viscosity = (constant * grid_width(plane)) ** 3 * jnp.sqrt(along_x**2 + along_y**2)
    return plane.divergence(
        plane.to_modes(viscosity[..., None, :, :] * jnp.stack([along_x, along_y], axis=-3))
    )


def jansen_held(
    plane: Plane, flow: Layers, constant: Array | float, returned: Array | float = 1.0
) -> Spectrum:
    """Biharmonic friction, and the share `returned` of the energy that it takes given back by a negative viscosity."""
    vorticity = plane.laplacian(flow.psi)
    tension, shear = deformation(plane, flow.psi)
    along_x, along_y = gradient(plane, vorticity)
    viscosity = constant**2 * grid_width(plane) ** 4 * jnp.sqrt(tension**2 + shear**2)
    fluxes = plane.to_modes(viscosity[..., None, :, :] * jnp.stack([along_x, along_y], axis=-3))
    friction = -plane.laplacian(plane.divergence(fluxes))
    taken = (flow.shares * (viscosity * (along_x**2 + along_y**2)).mean((-2, -1))).sum()
    held = (flow.shares * plane.mean_product(vorticity, vorticity)).sum()
    back = returned * taken / jnp.maximum(held, jnp.finfo(held.dtype).tiny)
    return friction - times(back * plane.mask, plane.laplacian(vorticity))


def energy_rate(plane: Plane, flow: Layers, change: Spectrum) -> Float[Array, ""]:
    """How fast a tendency of (potential) vorticity changes the energy per unit of mass."""
    return -(flow.shares * plane.mean_product(flow.psi, change)).sum()


def square_rate(plane: Plane, flow: Layers, change: Spectrum) -> Float[Array, " layer"]:
    """How fast it changes half the square of what each layer carries."""
    return plane.mean_product(flow.carried, change)


def on_points(plane: Plane, spectrum: Spectrum, points: int) -> Field:
    """Fields of spectra on a grid of so many points, which holds all kept waves."""
    rows = _moved(spectrum, plane.kept, points)
    return jnp.fft.irfft2(rows * (points / plane.grid) ** 2, s=(points, points))


def from_points(plane: Plane, field: Field) -> Spectrum:
    """The inverse: kept waves of a field given on any grid that holds them."""
    points = field.shape[-1]
    rows = jnp.fft.rfft2(field)[..., : plane.kept + 1]
    return times(plane.mask, _moved(rows, plane.kept, plane.grid) * (plane.grid / points) ** 2)


def _moved(spectrum: Spectrum, kept: int, rows: int) -> Spectrum:
    """The kept rows of a spectrum in a layout with another number of them."""
    if rows < 2 * kept + 1:
        raise ValueError(f"{rows} points do not hold {kept} waves; expected at least {2 * kept + 1}")
    between = jnp.zeros((*spectrum.shape[:-2], rows - 2 * kept - 1, spectrum.shape[-1]), spectrum.dtype)
    parts = [spectrum[..., : kept + 1, :], between, spectrum[..., spectrum.shape[-2] - kept :, :]]
    return jnp.concatenate(parts, axis=-2)
