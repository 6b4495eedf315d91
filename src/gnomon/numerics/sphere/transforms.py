"""Spherical harmonic transforms of many channels in JAX, differentiable; the matrices are those of `harmonics`.

Complex coefficients are kept as real and imaginary parts side by side in the last axis, so that every product is one
of real matrices, in the precision of the field.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from gnomon.numerics.sphere.harmonics import Harmonics


def analyse_channels(h: Harmonics, x: Float[Array, "lat lon channel"]) -> Float[Array, "m l twice"]:
    """Coefficients of fields; real parts of all channels, then imaginary ones."""
    waves = jnp.fft.rfft(x, axis=1, norm="forward")[:, : h.truncation + 1]
    parts = jnp.concatenate([waves.real, waves.imag], axis=-1)
    return jnp.einsum("mlj,jmc->mlc", jnp.asarray(h.inverse, x.dtype), parts)


def synthesise_channels(h: Harmonics, c: Float[Array, "m l twice"]) -> Float[Array, "lat lon channel"]:
    """Fields of coefficients; longitude counts from the grid's first one, as in `analyse_channels`."""
    parts = jnp.einsum("mlj,mlc->jmc", jnp.asarray(h.legendre, c.dtype), c)
    half = parts.shape[-1] // 2
    return jnp.fft.irfft(parts[..., :half] + 1j * parts[..., half:], n=len(h.lon), axis=1, norm="forward")
