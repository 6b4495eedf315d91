r"""Density of the spectrum of a sequence-storing matrix, by the fixed point of the Hermitised resolvent.

The 2 x 2 resolvent G = [[a, ib], [ib, conj a]] at z solves, with C_t = diag(c(t), conj c(t)),

.. math::
    G = \left(\begin{bmatrix} z & -i\eta\\ -i\eta & \bar z\end{bmatrix} - \Sigma\right)^{-1}, \qquad
    \Sigma = \alpha\, E_t\left[(1 - C_t G)^{-1} C_t\right],

and the density of eigenvalues is (1/pi) da/d(conj z) as eta -> 0. Where there is no spectrum b -> 0. For eta > 0
the solution with b > 0 is unique and the averaged iteration goes there: Helton, Rashidi Far and Speicher (2007),
doi:10.1093/imrn/rnm086. Hermitisation: Feinberg and Zee (1997), doi:10.1016/S0550-3213(97)00502-6.
"""

from typing import NamedTuple

import numpy as np

from gnomon.numerics.hebbian_theory import Complex, Weights, symbol


class Resolvent(NamedTuple):
    """The Hermitised resolvent at points z.

    Attributes:
        a: mean of 1/(z - eigenvalue), smoothed over eta.
        b: size of the off-diagonal part; of order 1 within the spectrum and of order eta outside it.
    """

    a: Complex
    b: np.ndarray


def resolvent(
    weights: Weights,
    load: float,
    z: np.ndarray,
    *,
    eta: float = 1e-6,
    points: int = 512,
    tolerance: float = 1e-9,
    most: int = 20_000,
) -> Resolvent:
    """The Hermitised resolvent at each z.

    Args:
        weights: c_r for r = 0, 1, ...
        load: patterns for each neuron.
        z: any shape.
        eta: regularisation, positive.
        points: of the mean over t; near the edge of a thin band more are needed.
        tolerance: at which a step of the iteration ends it.
        most: steps, after which `ArithmeticError` names how far it got (near an edge it is slow).
    """
    c = symbol(weights, 2 * np.pi * np.arange(points) / points)
    where = np.asarray(z, complex)
    flat = where.ravel()
    a, b = np.zeros(flat.size, complex), np.zeros(flat.size)
    guess = 1 / (np.abs(flat) + np.abs(c).max())
    live = np.arange(flat.size)
    now_a, now_b = guess * np.exp(-1j * np.angle(flat)), guess.copy()
    moved = np.full(flat.size, np.inf)
    for _ in range(most):
        new_a, new_b = _once(c, load, flat[live], now_a, now_b, eta)
        moved = np.abs(new_a - now_a) + np.abs(new_b - now_b)
        now_a, now_b = (now_a + new_a) / 2, (now_b + new_b) / 2
        done = moved < tolerance
        if done.any():
            a[live[done]], b[live[done]] = now_a[done], now_b[done]
            live, now_a, now_b = live[~done], now_a[~done], now_b[~done]
        if not live.size:
            return Resolvent(a.reshape(where.shape), b.reshape(where.shape))
    raise ArithmeticError(
        f"the resolvent at {live.size} of {flat.size} points still moves by {moved.max():.1e} after {most} steps; "
        "a larger eta or tolerance converges sooner"
    )


def _once(
    c: np.ndarray, load: float, z: np.ndarray, a: np.ndarray, b: np.ndarray, eta: float
) -> tuple[np.ndarray, np.ndarray]:
    """One application of G -> (Z - Sigma(G))^-1 in terms of a and b."""
    gap = 1 - c[None, :] * a[:, None]
    size = np.abs(c) ** 2
    below = np.abs(gap) ** 2 + size * b[:, None] ** 2
    diagonal = load * (c * gap.conj() / below).mean(-1)
    off = b * load * (size / below).mean(-1) + eta
    rest = z - diagonal
    det = np.abs(rest) ** 2 + off**2
    return rest.conj() / det, off / det


def density(
    weights: Weights, load: float, z: np.ndarray, *, step: float = 1e-3, eta: float = 1e-6, points: int = 512
) -> np.ndarray:
    """Eigenvalues for each unit of area, as a share of all N, at each z; an atom at 0 is left out.

    Args:
        weights: c_r for r = 0, 1, ...
        load: patterns for each neuron.
        z: any shape, farther than `step` from the edges and from 0.
        step: of the central differences in z.
        eta: regularisation.
        points: of the mean over t.
    """
    where = np.asarray(z, complex)
    shifts = step * np.asarray([1, -1, 1j, -1j])
    a = resolvent(
        weights, load, where[..., None] + shifts, eta=eta, points=points, tolerance=1e-3 * step * 1e-3
    ).a
    along = (a[..., 0] - a[..., 1]) / (2 * step)
    across = (a[..., 2] - a[..., 3]) / (2 * step)
    return (along + 1j * across).real / (2 * np.pi)


def share_within(
    weights: Weights, load: float, centre: complex, radius: float, *, points: int = 64, eta: float = 1e-6
) -> float:
    """Share of all N eigenvalues within a disc: (1/(2 pi i)) times the integral of a dz about it (the law of Gauss)."""
    turn = radius * np.exp(2j * np.pi * (np.arange(points) + 0.5) / points)
    a = resolvent(weights, load, centre + turn, eta=eta).a
    return float((a * turn).mean().real)
