r"""Where the spectrum of a sequence-storing coupling matrix ends, inside and outside, in the limit of many neurons.

The matrix is J = (1/N) sum_mu sum_r c_r xi^(mu+r) (xi^mu)^T: P = load N random patterns of +-1 on a cycle, each stored
together with its r-th successors at weight c_r. In the Fourier basis of the cycle J is a sum of independent rank-one
terms with complex strengths, the *symbol* c(t) = sum_r c_r e^(-i r t), so that its self-energy is that of a
compound free Poisson variable. With the resolvent g = 1/w outside the spectrum,

.. math::
    z(w) = w + \alpha\, E_t\!\left[\frac{c\,w}{w - c}\right], \qquad
    F(w) = \alpha\, E_t\!\left[\frac{|c|^2}{|w - c|^2}\right],

a point z is free of spectrum exactly where it is z(w) for a w with F(w) < 1: there the off-diagonal part of the
Hermitised resolvent is held down to zero (its growth is 1/(1 - F)), and there is at most one such w. F is
subharmonic off the curve c(t), so {F >= 1} is one connected set about the curve and every component of {F < 1} has
one closed boundary. The unbounded component is the outside; each bounded one, enclosed by the loops of c(t), is a
*void*. Where |w|^2 = 1 + load or 1 - load (a pure sequence) the radii are sqrt(1 + load) and (1 - load)^(3/2).

The averages are exact: residues at the roots of p(u) = w, p(u) = sum_r c_r u^r.

The model is that of Jiang, Chen, Hou and Huang (2022), doi:10.48550/arXiv.2208.11411; the derivation is our own.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Weights = Sequence[float] | np.ndarray
Complex = NDArray[np.complex128]
POINTS = 640


def symbol(weights: Weights, t: np.ndarray) -> Complex:
    """The symbol c(t) = sum_r c_r exp(-i r t)."""
    turn = np.exp(-1j * np.asarray(t, float))
    return np.asarray(np.polynomial.polynomial.polyval(turn, np.asarray(weights, float)), np.complex128)


class Averages(NamedTuple):
    """Means over t at each w: `one` of 1/(w - c), `square` of 1/|w - c|^2."""

    one: Complex
    square: np.ndarray


def averages(weights: Weights, w: np.ndarray) -> Averages:
    """Exact means of 1/(w - c) and 1/|w - c|^2, by partial fractions in u = exp(-it).

    1/(w - p(u)) = sum_k A_k / (u - u_k) with p(u_k) = w. A root inside the unit circle has only negative powers of u,
    one outside only the others: products of the two kinds average to zero, and products of one kind are geometric.

    Args:
        weights: c_r for r = 0, 1, ...
        w: any shape, off the curve c(t).
    """
    c = np.trim_zeros(np.asarray(weights, float), "b")
    w = np.asarray(w, complex)
    if c.size <= 1:
        gap = w - (c[0] if c.size else 0.0)
        return Averages(np.asarray(1 / gap, np.complex128), 1 / np.abs(gap) ** 2)
    one, square = np.empty(w.shape, complex), np.empty(w.shape)
    near = _near_curve(c, w)
    one[near], square[near] = _by_residues(c, w[near])
    one[~near], square[~near] = _by_points(c, w[~near])
    return Averages(one, square)


def _near_curve(c: np.ndarray, w: Complex) -> np.ndarray:
    """Where a mean over `POINTS` points would miss by more than about exp(-20)."""
    speed = np.abs(np.arange(c.size) * c).sum()
    t = np.linspace(0, 2 * np.pi, 4 * POINTS)
    tree = KDTree(np.stack([symbol(c, t).real, symbol(c, t).imag], -1))
    reach = 20 * speed / POINTS
    found = tree.query(np.stack([w.real.ravel(), w.imag.ravel()], -1), distance_upper_bound=reach)[0]
    return np.isfinite(found).reshape(w.shape)


def _by_points(c: np.ndarray, w: Complex) -> Averages:
    """Means over equidistant points, exact to rounding far from the curve."""
    values = symbol(c, 2 * np.pi * np.arange(POINTS) / POINTS)
    total, squares = np.zeros(w.shape, complex), np.zeros(w.shape)
    for value in values:
        part = 1 / (w - value)
        total += part
        squares += part.real**2 + part.imag**2
    return Averages(np.asarray(total / POINTS, np.complex128), squares / POINTS)


def _by_residues(c: np.ndarray, w: Complex) -> Averages:
    roots = _roots(c, w.ravel())
    part = -1 / np.polynomial.polynomial.polyval(roots, np.polynomial.polynomial.polyder(c))
    inside = np.abs(roots) < 1
    one = np.where(inside, 0, -part / np.where(inside, 1, roots)).sum(-1)
    product = roots[:, :, None] * roots.conj()[:, None, :]
    both, none = inside[:, :, None] & inside[:, None, :], ~inside[:, :, None] & ~inside[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        kernel = np.where(both, 1 / (1 - product), np.where(none, 1 / (product - 1), 0))
    square = np.einsum("nk,nkl,nl->n", part, kernel, part.conj()).real
    return Averages(one.reshape(w.shape), square.reshape(w.shape))


def _roots(c: np.ndarray, w: Complex) -> Complex:
    """[w, k] roots of p(u) = w as eigenvalues of companion matrices, each polished by Newton steps."""
    d = c.size - 1
    companion = np.zeros((w.size, d, d), complex)
    companion[:, np.arange(1, d), np.arange(d - 1)] = 1
    companion[:, :, -1] = -c[:-1] / c[-1]
    companion[:, 0, -1] += w / c[-1]
    roots = np.linalg.eigvals(companion)
    slope = np.polynomial.polynomial.polyder(c)
    for _ in range(2):
        rise = np.polynomial.polynomial.polyval(roots, slope)
        step = (np.polynomial.polynomial.polyval(roots, c) - w[:, None]) / np.where(rise == 0, 1, rise)
        roots = roots - np.where(np.abs(step) < 1e-3, step, 0)
    return np.asarray(roots, np.complex128)


def growth(weights: Weights, load: float, w: np.ndarray) -> np.ndarray:
    """F(w) = load E[|c|^2 / |w - c|^2]: the spectrum lies where it is at least one."""
    mean = averages(weights, w)
    return load * (np.abs(w) ** 2 * mean.square - 2 * np.real(w * mean.one) + 1)


def position(weights: Weights, load: float, w: np.ndarray) -> Complex:
    """z(w) = w + load E[c w / (w - c)]: where in the plane of the spectrum the resolvent is 1/w."""
    w = np.asarray(w, complex)
    return w + load * w * (w * averages(weights, w).one - 1)


def atom(weights: Weights, load: float) -> float:
    """Share of the eigenvalues that are exactly zero: 1 - load where there are fewer patterns than neurons."""
    return max(0.0, 1.0 - load) if np.any(np.asarray(weights)) else 1.0
