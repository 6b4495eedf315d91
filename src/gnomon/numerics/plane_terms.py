"""Terms that an equation on the periodic plane may have, as columns for a regression.

Two layers and one layer of vorticity: what brakes and smooths it, what the planet and a mean current do to it, and
Jacobians. Any other fields: products at a point, and Laplacians. Derivatives are spectral and products are formed on a
grid on which nothing is aliased, as the worlds do.
"""

import itertools
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.numerics.layers import coupling, stream_functions
from gnomon.numerics.plane_spectral import Plane, Spectrum, resized, times
from gnomon.numerics.term_library import Columns

Fields = Float[np.ndarray, "sample y x"]
HELD = 1e-28  # of the largest wave's power: below it a wave is round-off, and no term is looked at there
CUBIC = 3  # the highest power of products at a point


def layer_terms(
    q1: Fields, q2: Fields, length: float, *, radius: float, ratio: float
) -> tuple[Columns, Columns]:
    """Terms of each of two quasi-geostrophic layers; not all sums of them are told apart by q alone, these are.

    Of layer i: q, Lap psi (drag on the vorticity), Lap q, Lap^2 q, psi_x (beta), q_x (a mean current), J(psi_i, q_i)
    and J(psi_i, psi_j). A current of the upper layer alone is q_x and psi_x there and psi_x in the lower one. The
    difference of both psi would be a sum of q_i and Lap psi_i, and is left out.

    Args:
        q1: potential vorticity of the upper layer.
        q2: of the lower one.
        length: of a side.
        radius: of deformation.
        ratio: depth of the upper layer over that of the lower one.
    """
    plane = _plane(q1.shape[-1], length, factor=1.5)
    hold = coupling(jnp.asarray(radius), jnp.asarray(ratio))
    q = jnp.stack([_modes(plane, q1), _modes(plane, q2)])  # [layer, sample, row, mode]
    psi = stream_functions(plane, q, hold)
    out = []
    for i, name in enumerate(("1", "2")):
        other = "21"[i]
        spectra = _vorticity_terms(plane, psi[i], q[i], f"psi{name}", f"q{name}")
        spectra[f"Lap psi{name}"] = plane.laplacian(psi[i])
        spectra[f"J(psi{name}, psi{other})"] = _jacobian(plane, psi[i], psi[1 - i])
        out.append(_columns(plane, spectra, q[i], q1.shape[-1]))
    return out[0], out[1]


def vorticity_terms(w: Fields, length: float, *, name: str = "w") -> Columns:
    """Terms of one layer of vorticity: w, Lap w, Lap^2 w, psi_x, w_x and J(psi, w)."""
    plane = _plane(w.shape[-1], length, factor=1.5)
    spectrum = _modes(plane, w)
    spectra = _vorticity_terms(plane, times(plane.inverse, spectrum), spectrum, "psi", name)
    return _columns(plane, spectra, spectrum, w.shape[-1])


def point_terms(fields: Mapping[str, Fields], length: float, *, degree: int = CUBIC) -> dict[str, Columns]:
    """Terms of any fields: products of them at a point up to a degree, and each one's Laplacian; alike for all."""
    points = next(iter(fields.values())).shape[-1]
    plane = _plane(points, length, factor=(degree + 1) / 2)
    spectra = {k: _modes(plane, v) for k, v in fields.items()}
    grid = {k: plane.to_grid(v) for k, v in spectra.items()}
    terms = {"1": plane.to_modes(jnp.ones_like(next(iter(grid.values()))))}
    for n in range(1, degree + 1):
        for chosen in itertools.combinations_with_replacement(fields, n):
            product = grid[chosen[0]]
            for factor in chosen[1:]:
                product = product * grid[factor]
            terms[" ".join(chosen)] = plane.to_modes(product)
    terms |= {f"Lap {k}": plane.laplacian(v) for k, v in spectra.items()}
    return {k: _columns(plane, terms, spectra[k], points, mean=True) for k in fields}


def _vorticity_terms(plane: Plane, psi: Spectrum, q: Spectrum, stream: str, name: str) -> dict[str, Spectrum]:
    lap = plane.laplacian(q)
    return {
        name: q,
        f"Lap {name}": lap,
        f"Lap^2 {name}": plane.laplacian(lap),
        f"{stream}_x": plane.ddx(psi),
        f"{name}_x": plane.ddx(q),
        f"J({stream}, {name})": _jacobian(plane, psi, q),
    }


def _jacobian(plane: Plane, a: Spectrum, b: Spectrum) -> Spectrum:
    """a_x b_y - a_y b_x."""
    ax, ay, bx, by = (plane.to_grid(f(s)) for s in (a, b) for f in (plane.ddx, plane.ddy))
    return times(plane.mask, plane.to_modes(ax * by - ay * bx))


def _plane(points: int, length: float, *, factor: float) -> Plane:
    """The waves of an even number of points, on a grid on which products are not aliased onto them."""
    grid = int(np.ceil(factor * points / 2)) * 2
    return Plane(grid, length, points // 2 - 1)


def _modes(plane: Plane, field: Fields) -> Spectrum:
    return times(plane.mask, plane.to_modes(resized(jnp.asarray(field), plane.grid)))


def _columns(
    plane: Plane, spectra: Mapping[str, Spectrum], field: Spectrum, points: int, *, mean: bool = False
) -> Columns:
    """Terms on the observed points, of the waves that the field itself holds."""
    power = (jnp.abs(field) ** 2).mean(0)
    held = (power > HELD * power.max()) | (jnp.zeros_like(power, bool).at[0, 0].set(mean))
    seen = jax.vmap(lambda s: _seen(plane, times(held * plane.mask, s), points))
    return Columns(tuple(spectra), np.moveaxis(np.asarray(seen(jnp.stack([*spectra.values()]))), 0, -1))


def _seen(plane: Plane, spectrum: Spectrum, points: int) -> Array:
    return resized(plane.to_grid(spectrum), points)
