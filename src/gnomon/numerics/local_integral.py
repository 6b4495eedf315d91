r"""Local integrals: a convolution whose kernel has a fixed size in space, whatever grid the field is given on.

.. math::
    (K v)(x) = \int \kappa(y - x) \, v(y) \, dy, \qquad \kappa(r) = \sum_b \theta_b \, \varphi_b(r)

with matrices of channels theta and bumps phi: cubic B-splines along every axis, evenly placed within `reach` to each
side, each of integral one. A convolution of a network is such a sum over three points: refine the grid and its points
move together until it sees one. Here the integral is what is kept, and a grid's points and areas are its quadrature
(Berner and others 2025, arXiv 2506.10973). A bump has two continuous derivatives, so the sum converges at fourth order
in the grid's step; on a ring or plane that is the decay of its transform. All lengths are shares of an axis, or of a
great circle on a sphere.
"""

import functools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from gnomon.numerics.geometry import Geometry
from gnomon.numerics.spectral_convolution import SpectralConvolution


class LocalIntegral(eqx.Module):
    """Matrices of channels for the bumps around every point.

    On a sphere a bump is placed by distance and bearing from the point; all is turned along with it in longitude and
    nothing across latitudes, so that east stays east.

    Attributes:
        weights: [bump, input, output]; of two axes the last runs fastest.
        reach: of the kernel to each side, along each axis.
    """

    weights: Float[Array, "bump input output"]
    reach: tuple[float, ...] = eqx.field(static=True)

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """The integral at every point of any grid."""
        count = round(self.weights.shape[0] ** (1.0 / len(geometry.shape)))
        if geometry.kind == "sphere":
            return self._sphere(geometry, count, x)
        waves = _transforms(geometry.shape, self.reach, count)
        real, imaginary = (jnp.asarray(part(waves), self.weights.dtype) for part in (np.real, np.imag))
        modes = most_waves(geometry.shape)
        layer = SpectralConvolution(
            jnp.einsum("wb,bio->wio", real, self.weights),
            jnp.einsum("wb,bio->wio", imaginary, self.weights),
            modes,
        )
        return layer(geometry, x)

    def _sphere(self, geometry: Geometry, count: int, x: Array) -> Array:
        rows, columns = geometry.shape
        bumps = _turned(geometry.lat, columns, self.reach, count)
        waves = jnp.fft.rfft(x.reshape(rows, columns, -1), axis=1)
        near = jnp.einsum("bmij,jmc->imbc", jnp.asarray(bumps, waves.dtype), waves)
        made = jnp.einsum("imbc,bco->imo", near, self.weights.astype(waves.dtype))
        return jnp.fft.irfft(made, n=columns, axis=1).reshape(geometry.sites, -1)


def new_local_integral(
    reach: tuple[float, ...], count: int, inputs: int, outputs: int, rng: np.random.Generator
) -> LocalIntegral:
    """Random weights that keep the size of a field smoother than the bumps; single precision.

    Args:
        reach: along each axis, at most half of it.
        count: of bumps along each axis.
        inputs: channels.
        outputs: channels.
        rng: of the draw.
    """
    bumps = count ** len(reach)
    size = np.float32(1.0 / np.sqrt(bumps * max(1, inputs)))
    weights = rng.standard_normal((bumps, inputs, outputs), np.float32) * size
    return LocalIntegral(jnp.asarray(weights), reach)


def bump(reach: float, count: int, number: int, r: np.ndarray) -> np.ndarray:
    """Bump `number` of `count` within `reach` at distances r along one axis: a cubic B-spline of integral one."""
    step = 2.0 * reach / (count + 3)
    t = np.abs(r / step - (number - (count - 1) / 2.0))
    inner, outer = 2.0 / 3.0 - t**2 + t**3 / 2.0, (2.0 - t) ** 3 / 6.0
    return np.where(t < 1.0, inner, np.where(t < 2.0, outer, 0.0)) / step


def most_waves(shape: tuple[int, ...]) -> int:
    """Waves of a grid, the mean included, without the last of an even one, which has no phase."""
    return max((n + 1) // 2 for n in shape)


@functools.lru_cache(maxsize=16)
def _transforms(
    shape: tuple[int, ...], reach: tuple[float, ...], count: int
) -> Complex[np.ndarray, "wave bump"]:
    """What the quadrature of each bump does to each wave, in the order of `SpectralConvolution`."""
    modes = most_waves(shape)
    axes = []
    for axis, (points, wide) in enumerate(zip(shape, reach, strict=True)):
        along = np.arange(points)
        offset = (along - points * (2 * along > points)) / points
        drawn = np.stack([bump(wide, count, b, offset) for b in range(count)]) / points
        first = 0 if axis == len(shape) - 1 else 1 - modes
        numbers = np.arange(first, modes)
        axes.append(np.exp(2j * np.pi * np.outer(numbers, offset)) @ drawn.T)
    if len(shape) == 1:
        return axes[0]
    return np.einsum("kb,lc->klbc", *axes).reshape(-1, count**2)


@functools.lru_cache(maxsize=4)
def _turned(
    lat: tuple[float, ...], columns: int, reach: tuple[float, ...], count: int
) -> Complex[np.ndarray, "bump wave row row"]:
    """Transforms along longitude of every bump around a point of each row, times the area of each other point."""
    geometry = Geometry(
        "sphere", (len(lat), columns), lat, tuple((np.arange(columns) * 360.0 / columns).tolist())
    )
    north, east = offsets(lat, columns)
    area = geometry.weights().reshape(len(lat), columns)[:, 0] / (np.pi * geometry.sites)
    made = []
    for up in range(count):
        for right in range(count):
            drawn = bump(reach[0], count, up, north) * bump(reach[1], count, right, east)
            waves = np.fft.rfft(drawn * area[:, None], axis=-1).conj()
            made.append(np.moveaxis(waves, -1, 0))
    return np.stack(made)


def offsets(lat: tuple[float, ...], columns: int) -> tuple[np.ndarray, np.ndarray]:
    """[row, row, column] how far north and east of a point of the first row, in longitude 0, the others lie.

    Along the great circle between them, as shares of a whole one.
    """
    a = np.radians(np.asarray(lat))[:, None, None]
    b = np.radians(np.asarray(lat))[None, :, None]
    turn = 2 * np.pi * np.arange(columns) / columns
    y = np.cos(b) * np.sin(turn)
    x = np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(turn)
    across = np.hypot(x, y)
    far = np.arctan2(across, np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(turn)) / (2 * np.pi)
    stretch = np.where(across > 1e-12, far / np.where(across > 1e-12, across, 1.0), 1.0 / (2 * np.pi))
    return stretch * x, stretch * y
