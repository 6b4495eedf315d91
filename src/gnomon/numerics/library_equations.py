"""Equations whose right-hand side is a sum of library terms, the same at every site; stepped by Runge-Kutta."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gnomon.numerics.monomials import list_monomials, monomials


class Library(eqx.Module):
    """Monomials of a site's neighbourhood and inputs, and sines of its own channels.

    Attributes:
        near: [site, offset] indices of each site's neighbourhood, itself included.
        table: [term, degree] indices into (1, neighbourhood..., inputs...).
        wave: [wave] index of the number a sine is of.
        rate: [wave] its frequency.
        phase: [wave] 0 for a sine, pi/2 for a cosine.
    """

    near: Int[Array, "site offset"]
    table: Int[Array, "term degree"]
    wave: Int[Array, " wave"]
    rate: Float[Array, " wave"]
    phase: Float[Array, " wave"]

    def __call__(
        self, u: Float[Array, "site channel"], forced: Float[Array, "site input"]
    ) -> Float[Array, "site term"]:
        """The value of every term at every site."""
        inputs = jnp.concatenate([u[self.near].reshape(u.shape[0], -1), forced], axis=1)
        return jnp.concatenate(
            [monomials(inputs, self.table), jnp.sin(self.rate * inputs[:, self.wave] + self.phase)], axis=1
        )

    def only(self, kept: np.ndarray) -> "Library":
        """The library of some of the terms (a mask)."""
        count = self.table.shape[0]
        first, second = np.flatnonzero(kept[:count]), np.flatnonzero(kept[count:])
        return Library(self.near, self.table[first], self.wave[second], self.rate[second], self.phase[second])


def make_library(
    near: np.ndarray, channels: int, inputs: int, degree: int, sines: int, scale: np.ndarray
) -> Library:
    """All monomials to `degree` (the constant included) and `sines` harmonics of each own channel.

    Args:
        near: [site, offset] the middle offset is the site itself.
        channels: numbers at a site.
        inputs: numbers that force a site.
        degree: highest.
        sines: harmonics, of the channels in their own units; 0 for none.
        scale: [channel] what a channel was divided by.
    """
    offsets = near.shape[1]
    middle = offsets // 2
    own = np.arange(channels) + middle * channels
    waves = [
        (i, k * s, p) for k in range(1, sines + 1) for i, s in zip(own, scale, strict=True) for p in (0, 1)
    ]
    index, rate, phase = (np.asarray([w[j] for w in waves], float) for j in range(3))
    return Library(
        near=jnp.asarray(near, jnp.int32),
        table=jnp.asarray(list_monomials(offsets * channels + inputs, 0, degree)),
        wave=jnp.asarray(index, jnp.int32),
        rate=jnp.asarray(rate),
        phase=jnp.asarray(phase * np.pi / 2),
    )


def run_equations(
    library: Library,
    coefficients: Float[Array, "term channel"],
    start: Float[Array, "site channel"],
    forced: Float[Array, "time site input"],
    dt: float,
    substeps: Int[Array, ""] | int,
) -> Float[Array, "time site channel"]:
    """States at the moments of `forced`, the start included; inputs are linear between two moments."""

    def one(u: Array, ends: Array) -> tuple[Array, Array]:
        new = step_equations(library, coefficients, u, ends[0], ends[1], dt, substeps)
        return new, new

    _, later = jax.lax.scan(one, start, jnp.stack([forced[:-1], forced[1:]], axis=1))
    return jnp.concatenate([start[None], later])


def step_equations(
    library: Library,
    coefficients: Float[Array, "term channel"],
    u: Float[Array, "site channel"],
    before: Float[Array, "site input"],
    after: Float[Array, "site input"],
    dt: float,
    substeps: Int[Array, ""] | int,
) -> Float[Array, "site channel"]:
    """One dt by classical Runge-Kutta steps; the number of them may be traced."""
    h = dt / substeps
    slope = (after - before) / substeps

    def tendency(y: Array, n: Array) -> Array:
        return library(y, before + slope * n) @ coefficients

    def inner(i: Array, y: Array) -> Array:
        n = jnp.asarray(i, u.dtype)  # a plain number where compilation is off
        k1 = tendency(y, n)
        k2 = tendency(y + (h / 2) * k1, n + 0.5)
        k3 = tendency(y + (h / 2) * k2, n + 0.5)
        k4 = tendency(y + h * k3, n + 1.0)
        return y + (h / 6) * (k1 + 2 * (k2 + k3) + k4)

    return jax.lax.fori_loop(jnp.int32(0), jnp.asarray(substeps, jnp.int32), inner, u)


def written(
    library: Library,
    coefficients: np.ndarray,
    names: Sequence[str],
    inputs: Sequence[str],
    scale: np.ndarray,
    input_scale: np.ndarray,
) -> list[str]:
    """The equations as text, in the units of the data.

    Args:
        library: of the terms.
        coefficients: of the scaled numbers.
        names: of the channels.
        inputs: names of what forces.
        scale: [channel] what each channel was divided by.
        input_scale: the same of the inputs.
    """
    offsets = library.near.shape[1]
    middle = offsets // 2
    labels = [""]
    for o in range(offsets):
        labels += [n if offsets == 1 or o == middle else f"{n}[{o - middle:+d}]" for n in names]
    labels += list(inputs)
    sizes = np.concatenate([[1.0], np.tile(scale, offsets), input_scale])
    terms = []
    for row in np.asarray(library.table):
        factors = [labels[i] for i in row if i]
        text = " ".join(
            f"{f}^{factors.count(f)}" if factors.count(f) > 1 else f for f in dict.fromkeys(factors)
        )
        terms.append((text or "1", float(np.prod(sizes[row]))))
    for i, rate, phase in zip(library.wave, library.rate, library.phase, strict=True):
        own = float(rate) / float(sizes[1 + int(i)])
        terms.append((f"{'cos' if phase > 0 else 'sin'}({own:g} {labels[1 + int(i)]})", 1.0))
    lines = []
    for c, name in enumerate(names):
        parts = [
            f"{coefficients[j, c] * scale[c] / size:+.10g} {text}"
            for j, (text, size) in enumerate(terms)
            if coefficients[j, c] != 0
        ]
        lines.append(f"d{name}/dt = {' '.join(parts) or '0'}")
    return lines
