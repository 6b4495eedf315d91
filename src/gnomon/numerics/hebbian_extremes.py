r"""What the extremes of a spectrum of finite size should be, given the edge of one without end.

At finite N the sharp edge of a non-Hermitian spectrum is smeared: at a distance u outside it the density is
rho erfc(sqrt(2 pi N rho) u) / 2, rho the density (as a share of all N for each unit of area) just within. This
profile is that of Ginibre matrices (Forrester and Honner 1999, doi:10.1088/0305-4470/32/16/007) and universal at
regular edges of deformed ones; that it holds for these matrices is an assumption, which benchmarks/hebbian_edges.py
tests. The extremes are then those of independent points with that density: the number of eigenvalues beyond t has
mean L(t), and P(max < t) = exp(-L(t)). For the modulus of Ginibre matrices this is exact to leading order (Rider
2003, doi:10.1088/0305-4470/36/12/331).
"""

from collections.abc import Callable

import numpy as np
from scipy import special

from gnomon.numerics.hebbian_theory import Complex, Weights, symbol

ROOT_PI = np.sqrt(np.pi)


def edge_density(weights: Weights, load: float, w: np.ndarray, *, points: int = 20_000) -> np.ndarray:
    """Density just within the edge at points w of F(w) = 1, as a share of all N for each unit of area.

    From the equations of `hebbian_density` with b^2 as a variable: z(a, conj a, b^2) and the constraint (|a|^2 +
    b^2) S = 1 are differentiated at b = 0, and the density is (1/pi) da/d(conj z) along the constraint.
    """
    c = symbol(weights, 2 * np.pi * np.arange(points) / points)
    return np.asarray([_density_at(c, load, 1 / complex(x)) for x in np.ravel(w)]).reshape(np.shape(w))


def _density_at(c: Complex, load: float, a: complex) -> float:
    gap = 1 - c * a
    size, far = np.abs(c) ** 2, np.abs(1 - c * a) ** 2
    # S, the off-diagonal sum, and Sigma, the diagonal one, with their derivatives at b = 0
    s = load * (size / far).mean()
    s_a = load * (size * c / (gap * far)).mean()  # d/da; d/d(conj a) is its conjugate
    s_b = -load * (size**2 / far**2).mean()
    sigma_a = load * (c**2 / gap**2).mean()
    sigma_b = -load * (c * gap.conj() * size / far**2).mean()
    z_a, z_bar, z_b = sigma_a + s_a * np.conj(a), s + np.conj(s_a) * np.conj(a), sigma_b + s_b * np.conj(a)
    h_a, h_b = np.conj(a) * s + abs(a) ** 2 * s_a, s + abs(a) ** 2 * s_b
    full_a, full_bar = z_a - z_b * h_a / h_b, z_bar - z_b * np.conj(h_a) / h_b
    return float((-full_bar / (abs(full_a) ** 2 - abs(full_bar) ** 2)).real / np.pi)


def expected_extreme(
    edge: Complex,
    density: np.ndarray,
    neurons: int,
    reach: Callable[[Complex], np.ndarray],
    *,
    outward: float,
    pairs: bool,
) -> float:
    """Mean of the largest `reach(z)` over the eigenvalues of a matrix of finite size.

    Args:
        edge: [point] closed curve.
        density: [point] just within the spectrum, of `edge_density`.
        neurons: N.
        reach: what is largest: the real part, the modulus, minus the distance from the centre of a void.
        outward: 1 for the outer edge, -1 for that of a void, whose free side is its inside.
        pairs: whether conjugate eigenvalues share one value, so that half of them count.
    """
    middle = (edge[1:] + edge[:-1]) / 2
    step, rho = np.diff(edge), np.maximum((density[1:] + density[:-1]) / 2, 0)
    area = 0.5 * np.sum(edge[:-1].real * edge[1:].imag - edge[1:].real * edge[:-1].imag)
    normal = -1j * np.sign(area) * outward * step / np.maximum(np.abs(step), 1e-300)
    e = 1e-6 * np.abs(edge).max()
    slope = (reach(middle + e * normal) - reach(middle - e * normal)) / (2 * e)
    kept = (slope > 0.1) & (rho > 0) & np.isfinite(rho)
    value, slope, length, rho = reach(middle)[kept], slope[kept], np.abs(step)[kept], rho[kept]
    sharp = np.sqrt(2 * np.pi * neurons * rho)
    scale = 1 / sharp.max()
    t = value.max() + np.linspace(-40, 12, 4001) * scale
    beyond = np.zeros(t.size)
    for v, s, weight, k in zip(value, slope, length * neurons * rho / (2 * sharp), sharp, strict=True):
        beyond += weight * _integrated_erfc(k * (t - v) / s)
    below = np.exp(-beyond * (0.5 if pairs else 1.0))
    return float(t[-1] - np.sum((below[1:] + below[:-1]) / 2 * np.diff(t)))


def _integrated_erfc(y: np.ndarray) -> np.ndarray:
    return np.exp(-(y**2)) / ROOT_PI - y * special.erfc(y)
