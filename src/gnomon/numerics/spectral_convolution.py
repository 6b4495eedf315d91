"""Spectral convolution: a linear map of channels for every wave, on a ring, a periodic plane or a sphere.

On ring and plane it is the Fourier layer of Li et al. (2021), arXiv 2010.08895: transform, multiply the lowest modes
by complex matrices, drop the others, transform back. On the sphere it is that of Bonev et al. (2023), arXiv
2306.03838: the harmonics of one total wavenumber l share a matrix, whatever their order m, which is a convolution
with a filter that is the same in every direction (Driscoll and Healy 1994, doi:10.1006/aama.1994.1008) as long as the
matrices are real. They are complex here, as in the published code: the imaginary part turns a wave along its latitude
circle, so the map commutes with rotations about the axis and not with all. That is the symmetry of a rotating planet.

Weights do not depend on the grid: the same layer runs on a finer one.
"""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.numerics.geometry import Geometry
from gnomon.numerics.sphere.transforms import analyse_channels, synthesise_channels


class SpectralConvolution(eqx.Module):
    """One complex matrix of channels for each wave; real and imaginary parts are kept as real numbers.

    Attributes:
        real: [wave, input, output].
        imaginary: [wave, input, output].
        modes: waves kept along each axis (a sphere's total wavenumbers), the zeroth included.
    """

    real: Float[Array, "wave input output"]
    imaginary: Float[Array, "wave input output"]
    modes: int = eqx.field(static=True)

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """The convolution of a field on any grid of its kind."""
        fields = x.reshape(*geometry.shape, x.shape[-1])
        convolve = {"ring": self._ring, "plane": self._plane, "sphere": self._sphere}[geometry.kind]
        return convolve(geometry, fields).reshape(geometry.sites, -1)

    def _mixed(self, parts: Array, rows: np.ndarray) -> Array:
        """[wave, 2 output] of [wave, 2 input], as one real product."""
        real, imaginary = self.real[rows], self.imaginary[rows]
        upper = jnp.concatenate([real, imaginary], axis=-1)
        lower = jnp.concatenate([-imaginary, real], axis=-1)
        return jnp.einsum("...wc,wco->...wo", parts, jnp.concatenate([upper, lower], axis=-2))

    def _ring(self, geometry: Geometry, x: Array) -> Array:
        points = geometry.shape[0]
        kept = min(self.modes, (points + 1) // 2)  # the shortest wave of an even grid has no phase
        waves = jnp.fft.rfft(x, axis=0)[:kept]
        made = _joined(self._mixed(_parted(waves), np.arange(kept)))
        return jnp.fft.irfft(made, n=points, axis=0)

    def _plane(self, geometry: Geometry, x: Array) -> Array:
        ny, nx = geometry.shape
        across, along = min(self.modes, (ny + 1) // 2), min(self.modes, (nx + 1) // 2)
        numbers = np.arange(1 - across, across)  # of waves along y, both signs
        picked = (numbers + self.modes - 1)[:, None] * self.modes + np.arange(along)
        waves = jnp.fft.rfft2(x, axes=(0, 1))
        low = waves[numbers % ny][:, :along].reshape(len(numbers) * along, -1)
        made = _joined(self._mixed(_parted(low), picked.ravel())).reshape(len(numbers), along, -1)
        whole = jnp.zeros((ny, nx // 2 + 1, made.shape[-1]), made.dtype)
        whole = whole.at[numbers % ny, :along].set(made)
        return jnp.fft.irfft2(whole, s=(ny, nx), axes=(0, 1))

    def _sphere(self, geometry: Geometry, x: Array) -> Array:
        h = geometry.harmonics
        kept = min(self.modes, h.truncation + 1)
        low = h._replace(
            truncation=kept - 1, legendre=h.legendre[:kept, :kept], inverse=h.inverse[:kept, :kept]
        )
        made = self._mixed(analyse_channels(low, x), np.arange(kept))
        return synthesise_channels(low, made)


def waves_kept(kind: str, modes: int) -> int:
    """How many matrices a layer holds."""
    return (2 * modes - 1) * modes if kind == "plane" else modes


def new_convolution(
    kind: str, modes: int, inputs: int, outputs: int, rng: np.random.Generator
) -> SpectralConvolution:
    """Random matrices of standard deviation 1 / inputs, single precision: weak beside the pointwise path."""
    draw = rng.standard_normal((2, waves_kept(kind, modes), inputs, outputs), np.float32)
    real, imaginary = draw / np.float32(max(1, inputs))
    return SpectralConvolution(jnp.asarray(real), jnp.asarray(imaginary), modes)


def multiplier(kind: str, modes: int, values: np.ndarray) -> SpectralConvolution:
    """A layer of one channel with given complex multipliers [wave], for exact linear equations.

    On a plane, waves are ordered by the wavenumber along y from 1 - modes to modes - 1, then along x.
    """
    if np.shape(values) != (waves_kept(kind, modes),):
        raise ValueError(f"expected {waves_kept(kind, modes)} multipliers, got {math.prod(np.shape(values))}")
    flat = np.asarray(values, complex)[:, None, None]
    return SpectralConvolution(jnp.asarray(np.real(flat)), jnp.asarray(np.imag(flat)), modes)


def _parted(waves: Array) -> Array:
    return jnp.concatenate([waves.real, waves.imag], axis=-1)


def _joined(parts: Array) -> Array:
    half = parts.shape[-1] // 2
    return parts[..., :half] + 1j * parts[..., half:]
