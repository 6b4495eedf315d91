"""The doubly periodic plane in Fourier space: layout, derivatives, products without aliasing, few transforms.

A field is [y, x], its spectrum the kept part of what `rfft2` gives: [row, mode] with the wavenumber along y in all
the rows (0, 1, ..., -1) and along x in the modes (0 ... K); what is not kept along x is not carried either, which
saves a third of all that is not a transform. Any leading axes. Products of two fields are formed on the grid and cut
at the highest kept wavenumber K with 3 K < grid, so that nothing is aliased onto a kept wave: sums over the grid of a
product of two or three kept fields are then exact, and so are the conservation laws of a quadratic flow ("two thirds
rule"; Orszag 1971, doi:10.1175/1520-0469(1971)028<1074:OTEOAI>2.0.CO;2). "Padding to three halves" is the same thing
with another name for the grid: 64 points padded to 96 keep 31 waves, and so does a grid of 96.

Stream function psi, u = -psi_y, v = psi_x, vorticity w = psi_xx + psi_yy, J(a, b) = a_x b_y - a_y b_x, so that
J(psi, w) = u w_x + v w_y.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

Spectrum = Complex[Array, "... row mode"]
Field = Float[Array, "... y x"]


class Plane(eqx.Module):
    """Wavenumbers of a periodic square and what is computed with them.

    Attributes:
        grid: points along each side on which products are formed.
        kept: highest wavenumber kept along each axis, in waves along the side.
        length: of the side.
        kx: wavenumber along x, `ky` along y, in 1 / length unit; zero beyond the kept waves.
        square: kx^2 + ky^2, of every wave.
        inverse: of the Laplacian, -1 / square; zero for the mean and beyond the kept waves.
        mask: one where a wave is kept.
        shear: weight of u v, `stretch` of v^2 - u^2, in the vorticity's tendency.
    """

    grid: int = eqx.field(static=True)
    kept: int = eqx.field(static=True)
    length: float = eqx.field(static=True)
    kx: Float[Array, "row mode"]
    ky: Float[Array, "row mode"]
    square: Float[Array, "row mode"]
    inverse: Float[Array, "row mode"]
    mask: Float[Array, "row mode"]
    shear: Float[Array, "row mode"]
    stretch: Float[Array, "row mode"]

    def __init__(self, grid: int, length: float, kept: int | None = None):
        """Make the plane.

        Args:
            grid: points along each side, even.
            length: of the side.
            kept: highest wavenumber kept; None for the highest without aliasing, (grid - 1) // 3.
        """
        if grid < 8 or grid % 2:
            raise ValueError(f"expected an even grid of at least 8 points, got {grid}")
        kept = (grid - 1) // 3 if kept is None else kept
        if not 1 <= kept < grid // 2:
            raise ValueError(f"a grid of {grid} points holds wavenumbers 1 to {grid // 2 - 1}, got {kept}")
        self.grid, self.kept, self.length = grid, kept, float(length)
        kx, ky, mask = _waves(grid, kept)
        kx, ky = 2 * np.pi / length * kx, 2 * np.pi / length * ky
        square = kx**2 + ky**2
        inverse = np.where(square > 0, -1 / np.where(square > 0, square, 1), 0) * mask
        self.square, self.inverse, self.mask = jnp.asarray(square), jnp.asarray(inverse), jnp.asarray(mask)
        self.kx, self.ky = jnp.asarray(kx * mask), jnp.asarray(ky * mask)
        self.shear, self.stretch = jnp.asarray((kx**2 - ky**2) * mask), jnp.asarray(kx * ky * mask)

    @property
    def exact(self) -> bool:
        """Whether products of two fields are free of aliasing."""
        return 3 * self.kept < self.grid

    @property
    def highest(self) -> float:
        """The largest kept wavenumber along an axis, in 1 / length unit."""
        return 2 * np.pi / self.length * self.kept

    def to_grid(self, spectrum: Spectrum) -> Field:
        """Fields of spectra: one inverse transform each."""
        return jnp.fft.irfft2(spectrum, s=(self.grid, self.grid))

    def to_modes(self, field: Field) -> Spectrum:
        """Spectra of fields: one forward transform each; along y, waves beyond the kept ones are still in it."""
        return jnp.fft.rfft2(field)[..., : self.kept + 1]

    def ddx(self, spectrum: Spectrum) -> Spectrum:
        """Derivative along x."""
        return times_i(self.kx, spectrum)

    def ddy(self, spectrum: Spectrum) -> Spectrum:
        """Derivative along y."""
        return times_i(self.ky, spectrum)

    def laplacian(self, spectrum: Spectrum) -> Spectrum:
        """Second derivatives."""
        return times(-self.square * self.mask, spectrum)

    def winds(self, psi: Spectrum) -> Spectrum:
        """Spectra of (u, v) of a stream function, on a new axis before the last two."""
        return jnp.stack([times_i(-self.ky, psi), times_i(self.kx, psi)], axis=-3)

    def stresses(self, u: Field, v: Field) -> Field:
        """(u v, v^2 - u^2): the two products that the vorticity of a flow needs, on a new axis before the last two."""
        return jnp.stack([u * v, (v - u) * (v + u)], axis=-3)

    def self_advection(self, stresses: Spectrum) -> Spectrum:
        """-J(psi, w) of a flow from the spectra of its `stresses`.

        J(psi, w) = (d_xx - d_yy)(u v) + d_xy(v^2 - u^2) (Basdevant 1983, doi:10.1016/0021-9991(83)90118-0): four
        transforms a flow (u, v inverse; two products forward) and not five.
        """
        return times(self.shear, stresses[..., 0, :, :]) + times(self.stretch, stresses[..., 1, :, :])

    def divergence(self, fluxes: Spectrum) -> Spectrum:
        """Of two fluxes (along x, along y) on the axis before the last two."""
        return times_i(self.kx, fluxes[..., 0, :, :]) + times_i(self.ky, fluxes[..., 1, :, :])

    def mean_product(self, a: Spectrum, b: Spectrum) -> Float[Array, "..."]:
        """The mean over the plane of the product of two real fields, by Parseval."""
        twice = jnp.where(jnp.arange(self.kept + 1) == 0, 1.0, 2.0).astype(self.mask.dtype)
        terms = twice * self.mask * (a.real * b.real + a.imag * b.imag)
        return terms.sum((-2, -1)) / self.grid**4


def times(k: Float[Array, "row mode"], z: Spectrum) -> Spectrum:
    """The product of a real k and z; a compiler that promotes k to a complex number first needs twice the time."""
    return jax.lax.complex(k * z.real, k * z.imag)


def times_i(k: Float[Array, "row mode"], z: Spectrum) -> Spectrum:
    """The product of i k and z, without the multiplications by zero of a complex product."""
    return jax.lax.complex(-k * z.imag, k * z.real)


def resized(field: Field, points: int) -> Field:
    """A field on another number of points along each side: the waves that both hold, exactly.

    The shortest wave of an even grid (two points long) is dropped: it has no phase there.
    """
    old = field.shape[-1]
    if points == old:
        return field
    spectrum = jnp.fft.rfft2(field)
    half = (min(old, points) + 1) // 2
    out = jnp.zeros((*field.shape[:-2], points, points // 2 + 1), spectrum.dtype)
    out = out.at[..., :half, :half].set(spectrum[..., :half, :half])
    if half > 1:
        out = out.at[..., 1 - half :, :half].set(spectrum[..., 1 - half :, :half])
    return jnp.fft.irfft2(out * (points / old) ** 2, s=(points, points))


def ring_spectrum(plane: Plane, spectrum: Spectrum) -> Float[Array, "... wave"]:
    """Mean square of a real field in each ring of wavenumbers n - 1/2 <= |k| < n + 1/2, n = 0 ... K waves a side.

    The mean square over the corners beyond the last ring is left out.
    """
    kx, ky, mask = _waves(plane.grid, plane.kept)
    ring = np.rint(np.hypot(kx, ky)).astype(int)
    weight = np.where(kx == 0, 1.0, 2.0) * mask / plane.grid**4
    power = jnp.asarray(weight, spectrum.real.dtype) * (spectrum.real**2 + spectrum.imag**2)
    inside = jnp.asarray((ring.ravel()[:, None] == np.arange(plane.kept + 1)).astype(power.dtype))
    return power.reshape(*power.shape[:-2], -1) @ inside


def _waves(grid: int, kept: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wavenumbers along x and y, in waves along the side, and the mask of the kept ones: [row, mode] each."""
    kx, ky = np.meshgrid(np.arange(kept + 1.0), np.fft.fftfreq(grid, 1 / grid))
    return kx, ky, (np.abs(ky) <= kept).astype(float)
