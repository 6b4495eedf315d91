"""Two grids of one domain: what a coarse one knows of a fine field, and the fine field without what it does not know.

Coarse-graining cuts the waves that the coarse grid cannot hold and samples the rest there. So nothing is aliased: what
is known is known exactly, filling the missing waves with zeros is the inverse, and the two parts of a fine field are
orthogonal (on a sphere with the area weights).
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from gnomon.numerics.geometry import Geometry
from gnomon.numerics.sphere.grid import gauss_grid
from gnomon.numerics.sphere.transforms import analyse_channels, synthesise_channels
from gnomon.spec.errors import BadData, BadSpec

SMALLEST = 4  # points along an axis: cubics need them


class Refinement(eqx.Module):
    """A coarse and a fine grid; make it with `plane_refinement` or `sphere_refinement`.

    A plane's coarse grid keeps the waves below half its points along each axis (the wave at half of them, whose phase
    a grid does not see, is cut); a sphere's keeps the total wavenumbers of its truncation. Fields are real scalars
    [row, column, channel] and keep their precision.
    """

    coarse: Geometry
    fine: Geometry

    def coarsened(self, x: Float[Array, "y x channel"]) -> Float[Array, "row column channel"]:
        """A fine field as the coarse grid sees it."""
        return self._moved(_checked(x, self.fine, "fine"), self.fine, self.coarse)

    def filled(self, x: Float[Array, "row column channel"]) -> Float[Array, "y x channel"]:
        """A coarse field on the fine grid, the missing waves zero: spectral interpolation."""
        return self._moved(_checked(x, self.coarse, "coarse"), self.coarse, self.fine)

    def known(self, x: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        """The part of a fine field that the coarse grid knows."""
        return self._moved(_checked(x, self.fine, "fine"), self.fine, self.fine)

    def missing(self, x: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        """The part of a fine field that the coarse grid does not know; waves beyond a fine truncation are cut, too."""
        if self.fine.kind == "plane":
            return x - self.known(x)
        h, top = self.fine.harmonics, self.coarse.truncation
        return synthesise_channels(
            h, analyse_channels(h, _checked(x, self.fine, "fine")).at[:, : top + 1].set(0.0)
        )

    def resolved(self, x: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        """A field on the fine grid without the waves that the fine truncation cuts; a plane's grid has none."""
        _checked(x, self.fine, "fine")
        if self.fine.kind == "plane":
            return x
        h = self.fine.harmonics
        return synthesise_channels(h, analyse_channels(h, x))

    def _moved(self, x: Array, source: Geometry, target: Geometry) -> Array:
        """The waves that both grids hold, and the coarse one keeps, on the target."""
        if source.kind == "plane":
            rows, columns = self.coarse.shape
            return _plane(x, (target.shape[0], target.shape[1]), ((rows - 1) // 2, (columns - 1) // 2))
        top = self.coarse.truncation
        c = analyse_channels(source.harmonics, x)[: top + 1, : top + 1]
        more = target.truncation - top
        return synthesise_channels(target.harmonics, jnp.pad(c, ((0, more), (0, more), (0, 0))))


def _plane(x: Array, shape: tuple[int, int], top: tuple[int, int]) -> Array:
    """Waves 0 … `top` along each axis on a periodic grid of `shape`."""
    f = jnp.fft.rfft2(x, axes=(0, 1), norm="forward")
    low, high = f[: top[0] + 1, : top[1] + 1], f[len(f) - top[0] :, : top[1] + 1]
    between = jnp.zeros((shape[0] - 2 * top[0] - 1, *low.shape[1:]), f.dtype)
    kept = jnp.concatenate([low, between, high])
    kept = jnp.pad(kept, ((0, 0), (0, shape[1] // 2 - top[1]), (0, 0)))
    return jnp.fft.irfft2(kept, s=shape, axes=(0, 1), norm="forward").astype(x.dtype)


def _checked(x: Array, geometry: Geometry, which: str) -> Array:
    if x.ndim != 3 or x.shape[:2] != geometry.shape:
        rows, columns = geometry.shape
        raise BadData(
            f"the {which} grid holds fields of {rows} x {columns} x channels, this array is {x.shape} "
            "(batches go through jax.vmap, one variable needs a last axis of one)"
        )
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise BadData(f"fields hold real floating-point numbers, this array {x.dtype}")
    return x


def plane_refinement(fine: tuple[int, int], coarse: tuple[int, int]) -> Refinement:
    """Two grids of one periodic plane, both with their first point at the origin; no axis need be a multiple."""
    if len(fine) != 2 or len(coarse) != 2 or min(coarse) < SMALLEST:
        raise BadSpec(
            f"a plane has two axes of at least {SMALLEST} points; this is {coarse} to {fine} (coarse to fine)"
        )
    if any(c > f for c, f in zip(coarse, fine, strict=True)) or tuple(coarse) == tuple(fine):
        raise BadSpec(f"the coarse grid {coarse} must have fewer points than the fine one {fine}")
    return Refinement(Geometry("plane", tuple(coarse)), Geometry("plane", tuple(fine)))


def sphere_refinement(fine: int, coarse: int) -> Refinement:
    """The Gauss grids of two triangular truncations, as in T42 and T21."""
    if not 2 <= coarse < fine:
        raise BadSpec(
            f"the coarse truncation must be at least 2 and below the fine one; this is T{coarse} to T{fine}"
        )
    return Refinement(_gauss(coarse), _gauss(fine))


def _gauss(truncation: int) -> Geometry:
    grid = gauss_grid(truncation)
    lat, lon = tuple(map(float, grid.lat)), tuple(map(float, grid.lon))
    return Geometry("sphere", (len(lat), len(lon)), lat, lon, truncation)
