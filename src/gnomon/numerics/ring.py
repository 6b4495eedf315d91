"""Scalar equations on a ring by a Fourier method: waves exactly, products on a grid, time by exponential differencing.

The state between steps is the spectrum (`numpy.fft.rfft` of the values on the grid), so that one stage costs one
inverse and one forward transform and a step of fourth order four of each. That is the least this scheme can do.
"""

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from gnomon.numerics.integrators import Etdrk4, sum_by_parts

Spectrum = Complex[Array, "*batch mode"]


class RingEquation(eqx.Module):
    r"""An equation of one field on a ring, without dependence on x but for a push.

    .. math::
        u_t = \sum_j l_j \partial_x^j u - \sum_p c_p u^p u_x + f(x, t), \qquad u(x + L) = u(x)

    The products are written as the slope of a flux, so that the mean changes by f alone, and waves that a product
    of the highest power would fold back are cut: a third of the grid's waves are kept for u u_x, a quarter for u^2
    u_x. Then <u N> = 0 to round-off for the truncated equation, and with u u_x and u_xxx alone the third invariant of
    Korteweg and de Vries does not change either.

    Attributes:
        scheme: the waves' own evolution over one inner step.
        slope: -i k of the kept waves.
        mask: one where a wave is kept.
        weights: c_p / (p + 1) for each of `powers`.
        growth: the symbol of the linear terms.
        powers: the p that occur.
        grid: number of points.
        length: L.
    """

    scheme: Etdrk4
    slope: Complex[Array, " mode"]
    mask: Float[Array, " mode"]
    weights: Float[Array, " power"]
    growth: Complex[Array, " mode"]
    powers: tuple[int, ...] = eqx.field(static=True)
    grid: int = eqx.field(static=True)
    length: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        linear: Mapping[int, float],
        advection: Mapping[int, float],
        length: float,
        grid: int,
        h: float,
    ):
        """Make the equation and the coefficients of its scheme.

        Args:
            linear: order of derivative j -> l_j.
            advection: power p >= 1 -> c_p.
            length: of the ring.
            grid: points, even.
            h: length of one inner step.
        """
        if grid < 4 or grid % 2:
            raise ValueError(f"a ring needs an even number of at least 4 points, got {grid}")
        if any(p < 1 for p in advection) or any(j < 0 for j in linear):
            raise ValueError("advection has powers from 1, linear terms orders of derivative from 0")
        k = wavenumbers(grid, length)
        top = max(advection, default=1)
        symbol = np.zeros(len(k), np.complex128)
        for order, coefficient in linear.items():
            symbol += coefficient * symbol_of(k, order)
        # real where no wave travels: half the work for coefficients
        self.scheme = Etdrk4(symbol if np.any(symbol.imag) else symbol.real, h)
        kept = np.arange(len(k)) <= last_kept(grid, top)
        self.mask = jnp.asarray(kept.astype(float))
        self.slope = jnp.asarray(-symbol_of(k, 1) * kept)
        self.powers = tuple(sorted(advection))
        self.weights = jnp.asarray([advection[p] / (p + 1) for p in self.powers], float)
        self.growth = jnp.asarray(symbol)
        self.grid = grid
        self.length = float(length)

    def nonlinear(self, v: Spectrum) -> Spectrum:
        """Spectrum of the products."""
        # masked, because what is lifted from a noisy observation may hold more waves
        u = jnp.fft.irfft(sum_by_parts((self.mask, v)), self.grid)
        flux = sum(self.weights[i].astype(u.dtype) * u ** (p + 1) for i, p in enumerate(self.powers))
        if not self.powers:
            return jnp.zeros_like(v)
        products, slope = jnp.fft.rfft(flux), self.slope.imag  # of which there is no real part
        return jax.lax.complex(-slope * products.imag, slope * products.real)

    def tendency(self, v: Spectrum, push: Spectrum | float = 0.0) -> Spectrum:
        """Spectrum of u_t."""
        return self.growth * v + self.nonlinear(v) + push

    def steps(self, v: Spectrum, count: int) -> Spectrum:
        """The spectrum `count` inner steps later, without a push."""
        stages = {"none": jnp.zeros((count, 3), v.real.dtype)}  # their number alone is used
        return self.scheme.through(lambda w, _: self.nonlinear(w), v, stages, by_parts=True)

    def pushed(
        self, v: Spectrum, stages: dict[str, Array], patterns: Complex[Array, "pattern mode"]
    ) -> Spectrum:
        """The spectrum one inner step later for each row of `stages`.

        Args:
            v: the spectrum.
            stages: "push" -> [substep, stage, pattern], amplitudes at start, middle and end of each inner step.
            patterns: spectra of what is pushed.
        """

        def right(w: Spectrum, at: dict[str, Array]) -> Spectrum:
            # a sum of products and not a matrix product: mixed real and complex ones are slow on a CPU
            push = sum(sum_by_parts((at["push"][i], patterns[i])) for i in range(len(patterns)))
            return self.nonlinear(w) + push

        return self.scheme.through(right, v, stages, by_parts=True)


def wavenumbers(grid: int, length: float) -> np.ndarray:
    """Wavenumbers of `rfft` on a ring."""
    return 2 * np.pi / length * np.arange(grid // 2 + 1)


def symbol_of(k: np.ndarray, order: int) -> np.ndarray:
    """(i k)^order; the last wave of an even grid has no slope (its odd derivatives vanish on the grid)."""
    symbol = (1j * k) ** order
    if order % 2:
        symbol[-1] = 0.0
    return symbol


def last_kept(grid: int, power: int) -> int:
    """The shortest wave kept for products u^power u_x: all waves that fold back land beyond it.

    A product of n = power + 1 factors on waves up to K reaches n K and folds to grid - n K at the least: K < grid
    / (n + 1).
    """
    return (grid - 1) // (power + 2)


def derivative(u: Float[Array, "*batch x"], order: int, length: float) -> Float[Array, "*batch x"]:
    """A derivative of a field on a ring, exact for what the grid resolves."""
    grid = u.shape[-1]
    return jnp.fft.irfft(jnp.asarray(symbol_of(wavenumbers(grid, length), order)) * jnp.fft.rfft(u), grid)


def spread(values: Float[Array, " points"], grid: int) -> Float[Array, " grid"]:
    """The smoothest field on a finer ring through given values at every (grid / points)-th of its points."""
    points = values.shape[-1]
    spectrum = jnp.fft.rfft(values)
    # the shortest wave the values can hold stands for two waves of the finer grid, half each
    last = 1.0 if grid == points else 0.5
    spectrum = spectrum.at[-1].multiply(last) * (grid / points)
    padded = jnp.zeros(grid // 2 + 1, spectrum.dtype).at[: spectrum.size].set(spectrum)
    return jnp.fft.irfft(padded, grid)
